// Package variables provides access to Spin application variables.
package variables

import (
	"errors"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

//go:wasmimport fermyon:spin/variables@2.0.0 get
func get(name unsafe.Pointer, length uint32, result unsafe.Pointer)

// Get gives the value of a variable that the function is granted.
func Get(name string) (string, error) {
	at, length := abi.String(name)
	get(at, length, abi.Area())
	defer abi.Done()
	if abi.Byte(0) != 0 {
		return "", errors.New(abi.Text(8))
	}
	return abi.Text(4), nil
}
