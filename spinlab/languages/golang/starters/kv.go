// Counts its visitors in a key-value store.
func handle(w http.ResponseWriter, r *http.Request) {
	store, err := kv.OpenDefault()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	value, _ := store.Get("visits")
	visits, _ := strconv.Atoi(string(value))
	visits++
	if err := store.Set("visits", []byte(strconv.Itoa(visits))); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "visit number %d\n", visits)
}
