// Asks another function of the app, here itself: --allow http://self
func handle(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("inner") {
		fmt.Fprintln(w, "the answer from inside")
		return
	}
	answer, err := http.Get("http://self.alt" + r.URL.EscapedPath() + "?inner")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	fmt.Fprintf(w, "status %d: ", answer.StatusCode)
	io.Copy(w, answer.Body)
}
