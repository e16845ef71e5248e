// Package pg is a driver of database/sql for the PostgreSQL servers that Spin grants.
package pg

import (
	"database/sql"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/db"
	"github.com/spinframework/spin-go-sdk/v3/internal/rdbms"
)

//go:wasmimport fermyon:spin/postgres@2.0.0 [static]connection.open
func open(address unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/postgres@2.0.0 [method]connection.query
func query(connection uint32, statement unsafe.Pointer, length uint32, parameters unsafe.Pointer, count uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/postgres@2.0.0 [method]connection.execute
func execute(connection uint32, statement unsafe.Pointer, length uint32, parameters unsafe.Pointer, count uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/postgres@2.0.0 [resource-drop]connection
func drop(connection uint32)

// Open gives the database at an address that the function is granted. It is opened at the first statement.
func Open(address string) *sql.DB {
	return db.Open(func() (db.Connection, error) {
		handle, err := rdbms.Open(open, address)
		return &rdbms.Connection{handle, query, execute, drop, true}, err
	})
}
