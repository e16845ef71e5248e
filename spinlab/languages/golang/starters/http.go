// Answers /NAME/... with what was asked. The package clause and imports may be left out.
func handle(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == "" {
		name = "world"
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "Hello, %s! You asked for %s\n", name, r.URL.Path)
}
