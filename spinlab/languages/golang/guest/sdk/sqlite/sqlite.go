// Package sqlite is a driver of database/sql for the SQLite databases that Spin grants.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"time"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

//go:wasmimport fermyon:spin/sqlite@2.0.0 [static]connection.open
func open(name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/sqlite@2.0.0 [method]connection.execute
func execute(connection uint32, statement unsafe.Pointer, length uint32, parameters unsafe.Pointer, count uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/sqlite@2.0.0 [resource-drop]connection
func drop(connection uint32)

// Open gives the database with a label that the function is granted. It is opened at the first statement.
func Open(name string) *sql.DB { return sql.OpenDB(connector{name}) }

type connector struct {
	name string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.Open(c.name) }

func (c connector) Driver() driver.Driver { return c }

func (connector) Open(name string) (driver.Conn, error) {
	at, length := abi.String(name)
	open(at, length, abi.Area())
	defer abi.Done()
	if err := failure(4); err != nil {
		return nil, err
	}
	return &connection{abi.Uint32(4)}, nil
}

type connection struct {
	handle uint32
}

func (c *connection) Prepare(query string) (driver.Stmt, error) { return &statement{c, query}, nil }

func (c *connection) Close() error {
	drop(c.handle)
	return nil
}

func (c *connection) Begin() (driver.Tx, error) {
	return nil, errors.New("transactions are unsupported by this driver")
}

type statement struct {
	connection *connection
	query      string
}

func (s *statement) Close() error { return nil }

func (s *statement) NumInput() int { return -1 }

func (s *statement) Query(arguments []driver.Value) (driver.Rows, error) {
	return s.connection.execute(s.query, arguments)
}

func (s *statement) Exec(arguments []driver.Value) (driver.Result, error) {
	if _, err := s.connection.execute(s.query, arguments); err != nil {
		return nil, err
	}
	found, err := s.connection.execute("SELECT last_insert_rowid(), changes()", nil)
	if err != nil {
		return nil, err
	}
	row := found.rows[0]
	return done{row[0].(int64), row[1].(int64)}, nil
}

type done struct {
	id, changed int64
}

func (d done) LastInsertId() (int64, error) { return d.id, nil }

func (d done) RowsAffected() (int64, error) { return d.changed, nil }

// value is how a parameter crosses: its case, and a number or the place and length of bytes.
type value struct {
	kind uint64
	low  uint32
	high uint32
}

func number(kind uint64, bits uint64) value { return value{kind, uint32(bits), uint32(bits >> 32)} }

func (c *connection) execute(query string, arguments []driver.Value) (*rows, error) {
	values := make([]value, len(arguments))
	kept := make([][]byte, 0, len(arguments))
	for i, argument := range arguments {
		switch v := argument.(type) {
		case int64:
			values[i] = number(0, uint64(v))
		case float64:
			values[i] = number(1, math.Float64bits(v))
		case bool:
			if v {
				values[i] = number(0, 1)
			}
		case string, []byte, time.Time:
			kind, data := bytesOf(v)
			kept = append(kept, data)
			at, size := abi.Slice(data)
			values[i] = value{kind, uint32(uintptr(at)), size}
		case nil:
			values[i] = value{kind: 4}
		default:
			return nil, fmt.Errorf("a parameter can't be of type %T", v)
		}
	}
	at, length := abi.String(query)
	execute(c.handle, at, length, unsafe.Pointer(unsafe.SliceData(values)), uint32(len(values)), abi.Area())
	runtime.KeepAlive(kept)
	defer abi.Done()
	if err := failure(4); err != nil {
		return nil, err
	}
	return &rows{columns: texts(abi.At(4)), rows: all(abi.At(12))}, nil
}

func bytesOf(argument any) (uint64, []byte) {
	switch v := argument.(type) {
	case string:
		return 2, []byte(v)
	case []byte:
		return 3, v
	default:
		return 2, []byte(v.(time.Time).Format(time.RFC3339Nano))
	}
}

func texts(at unsafe.Pointer) []string {
	items, count := abi.ListAt(at)
	found := make([]string, count)
	for i := range found {
		found[i] = abi.TextAt(unsafe.Add(items, 8*i))
	}
	return found
}

func all(at unsafe.Pointer) [][]driver.Value {
	items, count := abi.ListAt(at)
	found := make([][]driver.Value, count)
	for i := range found {
		values, width := abi.ListAt(unsafe.Add(items, 8*i))
		found[i] = make([]driver.Value, width)
		for j := range found[i] {
			found[i][j] = read(unsafe.Add(values, 16*j))
		}
	}
	return found
}

func read(at unsafe.Pointer) driver.Value {
	data := unsafe.Add(at, 8)
	switch *(*byte)(at) {
	case 0:
		return *(*int64)(data)
	case 1:
		return *(*float64)(data)
	case 2:
		return abi.TextAt(data)
	case 3:
		return abi.BytesAt(data)
	default:
		return nil
	}
}

type rows struct {
	columns []string
	rows    [][]driver.Value
}

func (r *rows) Columns() []string { return r.columns }

func (r *rows) Close() error {
	r.rows = nil
	return nil
}

func (r *rows) Next(into []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(into, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

func failure(offset uintptr) error {
	if abi.Byte(0) == 0 {
		return nil
	}
	switch abi.Byte(offset) {
	case 0:
		return errors.New("no such database")
	case 1:
		return errors.New("access denied")
	case 2:
		return errors.New("invalid connection")
	case 3:
		return errors.New("database full")
	default:
		return errors.New(abi.Text(offset + 4))
	}
}
