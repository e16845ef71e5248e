// Package sqlite is a driver of database/sql for the SQLite databases that Spin grants.
package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"math"
	"reflect"
	"runtime"
	"time"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
	"github.com/spinframework/spin-go-sdk/v3/internal/db"
)

//go:wasmimport fermyon:spin/sqlite@2.0.0 [static]connection.open
func open(name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/sqlite@2.0.0 [method]connection.execute
func execute(connection uint32, statement unsafe.Pointer, length uint32, parameters unsafe.Pointer, count uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/sqlite@2.0.0 [resource-drop]connection
func drop(connection uint32)

// Open gives the database with a label that the function is granted. It is opened at the first statement.
func Open(name string) *sql.DB {
	return db.Open(func() (db.Connection, error) {
		at, length := abi.String(name)
		open(at, length, abi.Area())
		defer abi.Done()
		if err := failure(); err != nil {
			return nil, err
		}
		return &connection{abi.Uint32(4)}, nil
	})
}

type connection struct {
	handle uint32
}

func (c *connection) Close() error {
	drop(c.handle)
	return nil
}

func (c *connection) Query(statement string, arguments []driver.Value) ([]string, [][]driver.Value, error) {
	values := make([]abi.Value, len(arguments))
	kept := make([][]byte, 0, len(arguments))
	for i, argument := range arguments {
		value, data, err := valueOf(argument)
		if err != nil {
			return nil, nil, err
		}
		values[i], kept = value, append(kept, data)
	}
	at, length := abi.String(statement)
	parameters, count := abi.Values(values)
	execute(c.handle, at, length, parameters, count, abi.Area())
	runtime.KeepAlive(kept)
	defer abi.Done()
	if err := failure(); err != nil {
		return nil, nil, err
	}
	return abi.Texts(abi.At(4)), db.Rows(abi.At(12), read), nil
}

func (c *connection) Exec(statement string, arguments []driver.Value) (driver.Result, error) {
	if _, _, err := c.Query(statement, arguments); err != nil {
		return nil, err
	}
	_, found, err := c.Query("SELECT last_insert_rowid(), changes()", nil)
	if err != nil {
		return nil, err
	}
	return done{found[0][0].(int64), found[0][1].(int64)}, nil
}

type done struct {
	id, changed int64
}

func (d done) LastInsertId() (int64, error) { return d.id, nil }

func (d done) RowsAffected() (int64, error) { return d.changed, nil }

func valueOf(argument any) (abi.Value, []byte, error) {
	switch v := argument.(type) {
	case nil:
		return abi.Value{Case: 4}, nil, nil
	case bool:
		if v {
			return abi.Number(0, 1), nil, nil
		}
		return abi.Number(0, 0), nil, nil
	case float32:
		return abi.Number(1, math.Float64bits(float64(v))), nil, nil
	case float64:
		return abi.Number(1, math.Float64bits(v)), nil, nil
	case string:
		data := []byte(v)
		return abi.Data(2, data), data, nil
	case []byte:
		return abi.Data(3, v), v, nil
	case time.Time:
		data := []byte(v.Format(time.RFC3339Nano))
		return abi.Data(2, data), data, nil
	}
	number := reflect.ValueOf(argument)
	switch {
	case number.CanInt():
		return abi.Number(0, uint64(number.Int())), nil, nil
	case number.CanUint():
		return abi.Number(0, number.Uint()), nil, nil
	}
	return abi.Value{}, nil, db.Unknown(argument)
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

func failure() error {
	if abi.Byte(0) == 0 {
		return nil
	}
	switch abi.Byte(4) {
	case 0:
		return errors.New("no such database")
	case 1:
		return errors.New("access denied")
	case 2:
		return errors.New("invalid connection")
	case 3:
		return errors.New("database full")
	default:
		return errors.New(abi.Text(8))
	}
}
