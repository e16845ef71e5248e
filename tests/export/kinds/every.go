package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

var kinds = map[string]http.HandlerFunc{
	"empty": func(w http.ResponseWriter, r *http.Request) {},
	"none":  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) },
	"text": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("content-type", "text/plain; charset=utf-8")
		fmt.Fprint(w, "h\u00e9llo W\u00d6RLD!")
	},
	"binary": func(w http.ResponseWriter, r *http.Request) {
		all := make([]byte, 1024)
		for n := range all {
			all[n] = byte(n)
		}
		w.Write(all)
	},
	"json": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("content-type", "application/json")
		answer, _ := json.Marshal(struct {
			List   []any  `json:"list"`
			Text   string `json:"text"`
			Method string `json:"method"`
		}{[]any{1, 2.5, nil, true}, "\u00fc", r.Method})
		w.Write(answer)
	},
	"big": func(w http.ResponseWriter, r *http.Request) {
		w.Write(bytes.Repeat([]byte("0123456789abcdef"), 65536))
	},
	"stream": func(w http.ResponseWriter, r *http.Request) {
		for n := range 5 {
			fmt.Fprintf(w, "piece %d\n", n)
			if flusher, ok := w.(http.Flusher); ok {
				flusher.Flush()
			}
		}
	},
	"echo": func(w http.ResponseWriter, r *http.Request) {
		kind := r.Header.Get("content-type")
		if kind == "" {
			kind = "none"
		}
		w.Header().Set("content-type", kind)
		io.Copy(w, r.Body)
	},
	"headers": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("x-answer", "one")
		w.Header().Add("x-answer", "two")
		fmt.Fprint(w, strings.Join(r.Header.Values("x-many"), "|"))
	},
	"path": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.EscapedPath(), " ", r.URL.RawQuery) },
	"teapot": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(418)
		fmt.Fprint(w, "short and stout")
	},
	"fails":  func(w http.ResponseWriter, r *http.Request) { panic("it fails") },
	"leaves": func(w http.ResponseWriter, r *http.Request) { os.Exit(3) },
}

func handle(w http.ResponseWriter, r *http.Request) {
	kind := strings.Split(r.URL.Path, "/")[2]
	fmt.Println("asked for", kind)
	answer, ok := kinds[kind]
	if !ok {
		w.WriteHeader(404)
		return
	}
	answer(w, r)
}
