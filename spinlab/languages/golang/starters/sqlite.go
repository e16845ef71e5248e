// Keeps what is posted in a database, and answers with all of it.
func handle(w http.ResponseWriter, r *http.Request) {
	db := sqlite.Open("default")
	defer db.Close()
	if err := answer(db, w, r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func answer(db *sql.DB, w http.ResponseWriter, r *http.Request) error {
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)"); err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		if _, err := db.Exec("INSERT INTO notes (text) VALUES (?)", string(text)); err != nil {
			return err
		}
	}
	rows, err := db.Query("SELECT id, text FROM notes ORDER BY id")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		fmt.Fprintln(w, id, text)
	}
	return rows.Err()
}
