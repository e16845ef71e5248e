// Package db is what the drivers of database/sql here have in common.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

// Connection is an open connection to a database.
type Connection interface {
	// Query gives the names of the columns, and the rows.
	Query(statement string, arguments []driver.Value) ([]string, [][]driver.Value, error)
	Exec(statement string, arguments []driver.Value) (driver.Result, error)
	Close() error
}

// Open gives a database whose connections are opened when they are needed.
func Open(open func() (Connection, error)) *sql.DB { return sql.OpenDB(connector(open)) }

type connector func() (Connection, error)

func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c()
	if err != nil {
		return nil, err
	}
	return &connection{opened}, nil
}

func (c connector) Driver() driver.Driver { return c }

func (c connector) Open(string) (driver.Conn, error) { return c.Connect(context.Background()) }

type connection struct {
	Connection
}

func (c *connection) Prepare(query string) (driver.Stmt, error) {
	return &statement{c.Connection, query}, nil
}

func (c *connection) Begin() (driver.Tx, error) {
	return nil, errors.New("transactions are unsupported by this driver")
}

// CheckNamedValue lets numbers keep their size: databases tell them apart.
func (c *connection) CheckNamedValue(value *driver.NamedValue) error {
	switch v := value.Value.(type) {
	case nil, bool, int8, int16, int32, int64, int, uint8, uint16, uint32, uint64, uint, float32, float64, string, []byte, time.Time:
		return nil
	case driver.Valuer:
		inner, err := v.Value()
		value.Value = inner
		return err
	default:
		inner, err := driver.DefaultParameterConverter.ConvertValue(v)
		value.Value = inner
		return err
	}
}

type statement struct {
	connection Connection
	query      string
}

func (s *statement) Close() error { return nil }

func (s *statement) NumInput() int { return -1 }

func (s *statement) Query(arguments []driver.Value) (driver.Rows, error) {
	columns, found, err := s.connection.Query(s.query, arguments)
	if err != nil {
		return nil, err
	}
	return &rows{columns, found}, nil
}

func (s *statement) Exec(arguments []driver.Value) (driver.Result, error) {
	return s.connection.Exec(s.query, arguments)
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

// Rows copies the rows of a result; read makes a value of what is there.
func Rows(at unsafe.Pointer, read func(unsafe.Pointer) driver.Value) [][]driver.Value {
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

// Unknown is the error for a parameter that can't cross.
func Unknown(value any) error { return fmt.Errorf("a parameter can't be of type %T", value) }
