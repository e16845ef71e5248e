package main

import (
	"fmt"
	"io"
	"net/http"
)

// Says hello, and what it was sent.
func handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "Hello 10000 %s %d", r.URL.Path, len(body))
}
