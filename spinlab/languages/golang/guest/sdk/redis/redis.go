// Package redis asks the Redis servers that Spin grants.
package redis

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

//go:wasmimport fermyon:spin/redis@2.0.0 [static]connection.open
func open(address unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.publish
func publish(connection uint32, channel unsafe.Pointer, length uint32, payload unsafe.Pointer, size uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.get
func get(connection uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.set
func set(connection uint32, key unsafe.Pointer, length uint32, value unsafe.Pointer, size uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.incr
func incr(connection uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.del
func del(connection uint32, keys unsafe.Pointer, count uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.sadd
func sadd(connection uint32, key unsafe.Pointer, length uint32, values unsafe.Pointer, count uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.smembers
func smembers(connection uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.srem
func srem(connection uint32, key unsafe.Pointer, length uint32, values unsafe.Pointer, count uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/redis@2.0.0 [method]connection.execute
func execute(connection uint32, command unsafe.Pointer, length uint32, arguments unsafe.Pointer, count uint32, result unsafe.Pointer)

// Client is an open connection.
type Client struct {
	handle uint32
}

// NewClient connects to an address that the function is granted.
func NewClient(address string) (Client, error) {
	at, length := abi.String(address)
	open(at, length, abi.Area())
	defer abi.Done()
	return Client{abi.Uint32(4)}, failure(4)
}

// Publish sends a message to a channel.
func (c *Client) Publish(channel string, payload []byte) error {
	at, length := abi.String(channel)
	data, size := abi.Slice(payload)
	publish(c.handle, at, length, data, size, abi.Area())
	defer abi.Done()
	return failure(4)
}

// Get gives the value of a key; nil when there is none.
func (c *Client) Get(key string) ([]byte, error) {
	at, length := abi.String(key)
	get(c.handle, at, length, abi.Area())
	defer abi.Done()
	if err := failure(4); err != nil || abi.Byte(4) == 0 {
		return nil, err
	}
	return abi.Bytes(8), nil
}

// Set puts a value in place of the one that the key has.
func (c *Client) Set(key string, payload []byte) error {
	at, length := abi.String(key)
	data, size := abi.Slice(payload)
	set(c.handle, at, length, data, size, abi.Area())
	defer abi.Done()
	return failure(4)
}

// Incr adds one to the number of a key, and gives it.
func (c *Client) Incr(key string) (int64, error) {
	at, length := abi.String(key)
	incr(c.handle, at, length, abi.Area())
	defer abi.Done()
	if err := failure(8); err != nil {
		return 0, err
	}
	return int64(abi.Uint64(8)), nil
}

// Del takes keys out, and gives how many there were.
func (c *Client) Del(keys ...string) (uint32, error) {
	at, count := abi.Strings(keys)
	del(c.handle, at, count, abi.Area())
	runtime.KeepAlive(keys)
	return number()
}

// Sadd adds values to a set, and gives how many are new.
func (c *Client) Sadd(key string, values ...string) (uint32, error) {
	at, length := abi.String(key)
	items, count := abi.Strings(values)
	sadd(c.handle, at, length, items, count, abi.Area())
	runtime.KeepAlive(values)
	return number()
}

// Smembers gives the values of a set.
func (c *Client) Smembers(key string) ([]string, error) {
	at, length := abi.String(key)
	smembers(c.handle, at, length, abi.Area())
	defer abi.Done()
	if err := failure(4); err != nil {
		return nil, err
	}
	return abi.Texts(abi.At(4)), nil
}

// Srem takes values out of a set, and gives how many there were.
func (c *Client) Srem(key string, values ...string) (uint32, error) {
	at, length := abi.String(key)
	items, count := abi.Strings(values)
	srem(c.handle, at, length, items, count, abi.Area())
	runtime.KeepAlive(values)
	return number()
}

func number() (uint32, error) {
	defer abi.Done()
	if err := failure(4); err != nil {
		return 0, err
	}
	return abi.Uint32(4), nil
}

// ResultKind says what a Result is.
type ResultKind uint8

// The kinds.
const (
	ResultKindNil ResultKind = iota
	ResultKindStatus
	ResultKindInt64
	ResultKindBinary
)

// String is its name.
func (r ResultKind) String() string {
	names := [...]string{"nil", "status", "int64", "binary"}
	if int(r) < len(names) {
		return names[r]
	}
	return "unknown"
}

// GoString is its name.
func (r ResultKind) GoString() string { return r.String() }

// Result is one value that a command gives.
type Result struct {
	Kind ResultKind
	Val  any
}

// Execute runs any command. Arguments are string, []byte, int, int64 or int32.
func (c *Client) Execute(command string, arguments ...any) ([]*Result, error) {
	values := make([]abi.Value, len(arguments))
	kept := make([][]byte, 0, len(arguments))
	for i, argument := range arguments {
		switch v := argument.(type) {
		case int:
			values[i] = abi.Number(0, uint64(v))
		case int64:
			values[i] = abi.Number(0, uint64(v))
		case int32:
			values[i] = abi.Number(0, uint64(v))
		case []byte:
			values[i], kept = abi.Data(1, v), append(kept, v)
		case string:
			data := []byte(v)
			values[i], kept = abi.Data(1, data), append(kept, data)
		default:
			return nil, fmt.Errorf("invalid type %T; must be string, []byte, int, int64, or int32", v)
		}
	}
	at, length := abi.String(command)
	items, count := abi.Values(values)
	execute(c.handle, at, length, items, count, abi.Area())
	runtime.KeepAlive(kept)
	defer abi.Done()
	if err := failure(4); err != nil {
		return nil, err
	}
	results, many := abi.List(4)
	found := make([]*Result, many)
	for i := range found {
		found[i] = read(unsafe.Add(results, 16*i))
	}
	return found, nil
}

func read(at unsafe.Pointer) *Result {
	data := unsafe.Add(at, 8)
	switch kind := ResultKind(*(*byte)(at)); kind {
	case ResultKindStatus:
		return &Result{kind, abi.TextAt(data)}
	case ResultKindInt64:
		return &Result{kind, *(*int64)(data)}
	case ResultKindBinary:
		return &Result{kind, abi.BytesAt(data)}
	default:
		return &Result{}
	}
}

func failure(offset uintptr) error {
	if abi.Byte(0) == 0 {
		return nil
	}
	switch abi.Byte(offset) {
	case 0:
		return errors.New("redis: invalid address")
	case 1:
		return errors.New("redis: too many connections")
	case 2:
		return errors.New("redis: type error")
	default:
		return errors.New("redis: " + abi.Text(offset+4))
	}
}
