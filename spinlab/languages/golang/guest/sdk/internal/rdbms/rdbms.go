// Package rdbms is what the drivers of PostgreSQL and MySQL have in common: their values, results and errors.
package rdbms

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
	"github.com/spinframework/spin-go-sdk/v3/internal/db"
)

// Ask is an import that takes a statement and its parameters.
type Ask func(connection uint32, statement unsafe.Pointer, length uint32, parameters unsafe.Pointer, count uint32, result unsafe.Pointer)

// Connection is an open connection.
type Connection struct {
	Handle      uint32
	QueryImport Ask
	ExecImport  Ask
	DropImport  func(uint32)
	// Counts says whether the second one gives how many rows were changed.
	Counts bool
}

// Open opens one by an import that takes an address.
func Open(open func(unsafe.Pointer, uint32, unsafe.Pointer), address string) (uint32, error) {
	at, length := abi.String(address)
	open(at, length, abi.Area())
	defer abi.Done()
	return abi.Uint32(4), failure(4)
}

// Close closes it.
func (c *Connection) Close() error {
	c.DropImport(c.Handle)
	return nil
}

// Query gives the names of the columns, and the rows.
func (c *Connection) Query(statement string, arguments []driver.Value) ([]string, [][]driver.Value, error) {
	if err := ask(c.QueryImport, c.Handle, statement, arguments); err != nil {
		return nil, nil, err
	}
	defer abi.Done()
	if err := failure(4); err != nil {
		return nil, nil, err
	}
	items, count := abi.List(4)
	columns := make([]string, count)
	for i := range columns {
		columns[i] = abi.TextAt(unsafe.Add(items, 12*i))
	}
	var wrong error
	rows := db.Rows(abi.At(12), func(at unsafe.Pointer) driver.Value {
		value, err := read(at)
		wrong = errors.Join(wrong, err)
		return value
	})
	return columns, rows, wrong
}

// Exec runs a statement that gives no rows.
func (c *Connection) Exec(statement string, arguments []driver.Value) (driver.Result, error) {
	if err := ask(c.ExecImport, c.Handle, statement, arguments); err != nil {
		return nil, err
	}
	defer abi.Done()
	if !c.Counts {
		return done(-1), failure(4)
	}
	return done(abi.Uint64(8)), failure(8)
}

type done int64

func (done) LastInsertId() (int64, error) {
	return -1, errors.New("LastInsertId is unsupported by this driver")
}

func (d done) RowsAffected() (int64, error) {
	if d < 0 {
		return -1, errors.New("RowsAffected is unsupported by this driver")
	}
	return int64(d), nil
}

func ask(call Ask, connection uint32, statement string, arguments []driver.Value) error {
	values := make([]abi.Value, len(arguments))
	kept := make([][]byte, 0, len(arguments))
	for i, argument := range arguments {
		value, data, err := valueOf(argument)
		if err != nil {
			return err
		}
		values[i], kept = value, append(kept, data)
	}
	at, length := abi.String(statement)
	parameters, count := abi.Values(values)
	call(connection, at, length, parameters, count, abi.Area())
	runtime.KeepAlive(kept)
	return nil
}

func valueOf(argument any) (abi.Value, []byte, error) {
	switch v := argument.(type) {
	case bool:
		if v {
			return abi.Number(0, 1), nil, nil
		}
		return abi.Number(0, 0), nil, nil
	case int8:
		return abi.Number(1, uint64(v)), nil, nil
	case int16:
		return abi.Number(2, uint64(v)), nil, nil
	case int32:
		return abi.Number(3, uint64(v)), nil, nil
	case int64:
		return abi.Number(4, uint64(v)), nil, nil
	case int:
		return abi.Number(4, uint64(v)), nil, nil
	case uint8:
		return abi.Number(5, uint64(v)), nil, nil
	case uint16:
		return abi.Number(6, uint64(v)), nil, nil
	case uint32:
		return abi.Number(7, uint64(v)), nil, nil
	case uint64:
		return abi.Number(8, v), nil, nil
	case uint:
		return abi.Number(8, uint64(v)), nil, nil
	case float32:
		return abi.Number(9, uint64(math.Float32bits(v))), nil, nil
	case float64:
		return abi.Number(10, math.Float64bits(v)), nil, nil
	case string:
		data := []byte(v)
		return abi.Data(11, data), data, nil
	case []byte:
		return abi.Data(12, v), v, nil
	case nil:
		return abi.Value{Case: 13}, nil, nil
	case time.Time:
		data := []byte(v.Format("2006-01-02 15:04:05.999999"))
		return abi.Data(11, data), data, nil
	}
	return abi.Value{}, nil, db.Unknown(argument)
}

func read(at unsafe.Pointer) (driver.Value, error) {
	data := unsafe.Add(at, 8)
	switch number := *(*byte)(at); number {
	case 0:
		return *(*byte)(data) != 0, nil
	case 1:
		return int64(*(*int8)(data)), nil
	case 2:
		return int64(*(*int16)(data)), nil
	case 3:
		return int64(*(*int32)(data)), nil
	case 4:
		return *(*int64)(data), nil
	case 5:
		return int64(*(*uint8)(data)), nil
	case 6:
		return int64(*(*uint16)(data)), nil
	case 7:
		return int64(*(*uint32)(data)), nil
	case 8:
		return *(*uint64)(data), nil
	case 9:
		return float64(*(*float32)(data)), nil
	case 10:
		return *(*float64)(data), nil
	case 11:
		return abi.TextAt(data), nil
	case 12:
		return abi.BytesAt(data), nil
	case 13:
		return nil, nil
	default:
		return nil, errors.New("a column has a type that is not supported here: cast it to text in the statement")
	}
}

func failure(offset uintptr) error {
	if abi.Byte(0) == 0 {
		return nil
	}
	return fmt.Errorf("%s", abi.Text(offset+4))
}
