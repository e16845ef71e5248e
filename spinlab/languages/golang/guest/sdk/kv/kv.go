// Package kv provides access to Spin key-value stores.
package kv

import (
	"errors"
	"iter"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

//go:wasmimport fermyon:spin/key-value@2.0.0 [static]store.open
func open(label unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get
func get(store uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.set
func set(store uint32, key unsafe.Pointer, length uint32, value unsafe.Pointer, size uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.delete
func remove(store uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.exists
func exists(store uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get-keys
func getKeys(store uint32, result unsafe.Pointer)

// Store is an open key-value store.
type Store struct {
	handle uint32
}

// Open opens the store with a label that the function is granted.
func Open(label string) (*Store, error) {
	at, length := abi.String(label)
	open(at, length, abi.Area())
	defer abi.Done()
	if err := failure(); err != nil {
		return nil, err
	}
	return &Store{abi.Uint32(4)}, nil
}

// OpenDefault opens the store that is called default.
func OpenDefault() (*Store, error) { return Open("default") }

// Set puts a value in place of the one that the key has.
func (s *Store) Set(key string, value []byte) error {
	at, length := abi.String(key)
	data, size := abi.Slice(value)
	set(s.handle, at, length, data, size, abi.Area())
	defer abi.Done()
	return failure()
}

// Get gives the value of a key, which is empty when there is none.
func (s *Store) Get(key string) ([]byte, error) {
	at, length := abi.String(key)
	get(s.handle, at, length, abi.Area())
	defer abi.Done()
	if err := failure(); err != nil {
		return nil, err
	}
	if abi.Byte(4) == 0 {
		return []byte{}, nil
	}
	return abi.Bytes(8), nil
}

// Delete takes a key out; it need not be there.
func (s *Store) Delete(key string) error {
	at, length := abi.String(key)
	remove(s.handle, at, length, abi.Area())
	defer abi.Done()
	return failure()
}

// Exists says whether there is a key.
func (s *Store) Exists(key string) (bool, error) {
	at, length := abi.String(key)
	exists(s.handle, at, length, abi.Area())
	defer abi.Done()
	if err := failure(); err != nil {
		return false, err
	}
	return abi.Byte(4) != 0, nil
}

// GetKeys gives every key; a pair with an error is the last one.
func (s *Store) GetKeys() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys, err := s.keys()
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
		if err != nil {
			yield("", err)
		}
	}
}

func (s *Store) keys() ([]string, error) {
	getKeys(s.handle, abi.Area())
	defer abi.Done()
	if err := failure(); err != nil {
		return nil, err
	}
	items, count := abi.List(4)
	keys := make([]string, count)
	for i := range keys {
		keys[i] = abi.TextAt(unsafe.Add(items, 8*i))
	}
	return keys, nil
}

func failure() error {
	if abi.Byte(0) == 0 {
		return nil
	}
	switch abi.Byte(4) {
	case 0:
		return errors.New("store table full")
	case 1:
		return errors.New("no such store")
	case 2:
		return errors.New("access denied")
	default:
		return errors.New(abi.Text(8))
	}
}
