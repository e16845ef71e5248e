// Package abi is how values cross to the host and back, by the canonical ABI of components.
package abi

import "unsafe"

//go:linkname sbrk runtime.sbrk
func sbrk(n uintptr) unsafe.Pointer

// What the host hands over lies in memory that is not Go's: the host must not be asked for anything while it hands
// something over, and Go's own allocation may ask it for the time. It is also asked before Go is ready at all.
var next, end, chunk, size uintptr

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, newSize uint32) unsafe.Pointer {
	mask := uintptr(align) - 1
	at := (next + mask) &^ mask
	if next == 0 || at+uintptr(newSize) > end {
		size = max(2*size, 65536, uintptr(newSize)+uintptr(align))
		chunk = uintptr(sbrk(size))
		if chunk == 0 {
			panic("out of memory")
		}
		end = chunk + size
		at = (chunk + mask) &^ mask
	}
	next = at + uintptr(newSize)
	for i := range min(uintptr(oldSize), uintptr(newSize)) {
		*(*byte)(unsafe.Pointer(at + i)) = *(*byte)(unsafe.Add(old, i))
	}
	return unsafe.Pointer(at)
}

// What was handed over before Go was ready belongs to the adapter, which keeps it.
func init() { next, end, chunk, size = 0, 0, 0, 0 }

// Done says that all that the last call gave has been copied.
func Done() { next = chunk }

// area is where a call puts its result. It never moves, as a variable on a stack may.
var area [16]uint64

// Area is that place, cleared.
func Area() unsafe.Pointer {
	clear(area[:])
	return unsafe.Pointer(&area)
}

// At is what is at an offset of it.
func At(offset uintptr) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(&area), offset) }

// Byte reads from it.
func Byte(offset uintptr) byte { return *(*byte)(At(offset)) }

// Uint32 reads from it.
func Uint32(offset uintptr) uint32 { return *(*uint32)(At(offset)) }

// Uint64 reads from it.
func Uint64(offset uintptr) uint64 { return *(*uint64)(At(offset)) }

// Text copies the string whose place and length are at that offset.
func Text(offset uintptr) string { return TextAt(At(offset)) }

// Bytes copies the bytes whose place and length are at that offset.
func Bytes(offset uintptr) []byte { return BytesAt(At(offset)) }

// TextAt copies the string whose place and length are there.
func TextAt(at unsafe.Pointer) string { return string(view(at)) }

// BytesAt copies the bytes whose place and length are there.
func BytesAt(at unsafe.Pointer) []byte { return append([]byte{}, view(at)...) }

// ViewAt is the bytes themselves, until Done.
func ViewAt(at unsafe.Pointer) []byte { return view(at) }

// List is where the items of the list at an offset are, and how many.
func List(offset uintptr) (unsafe.Pointer, int) { return ListAt(At(offset)) }

// ListAt is the same for a list anywhere.
func ListAt(at unsafe.Pointer) (unsafe.Pointer, int) {
	return pointer(*(*uint32)(at)), int(*(*uint32)(unsafe.Add(at, 4)))
}

func view(at unsafe.Pointer) []byte {
	items, count := ListAt(at)
	return unsafe.Slice((*byte)(items), count)
}

func pointer(address uint32) unsafe.Pointer {
	if address == 0 {
		return unsafe.Pointer(&area)
	}
	return unsafe.Pointer(uintptr(address))
}

// String is the place and length of a text.
func String(text string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))
}

// Slice is the place and length of bytes.
func Slice(data []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(data)), uint32(len(data))
}

// Value is how a value of several cases crosses: which one, and a number or the place and length of bytes.
type Value struct {
	Case uint64
	low  uint32
	high uint32
}

// Number is a value that is a number, by its bits.
func Number(number uint64, bits uint64) Value { return Value{number, uint32(bits), uint32(bits >> 32)} }

// Data is a value that is bytes or a text. They have to be kept until the call is over.
func Data(number uint64, data []byte) Value {
	at, size := Slice(data)
	return Value{number, uint32(uintptr(at)), size}
}

// Values is the place and count of values.
func Values(values []Value) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(values)), uint32(len(values))
}

// Strings is the place and count of texts, each by its own place and length.
func Strings(texts []string) (unsafe.Pointer, uint32) {
	found := make([][2]uint32, len(texts))
	for i, text := range texts {
		at, length := String(text)
		found[i] = [2]uint32{uint32(uintptr(at)), length}
	}
	return unsafe.Pointer(unsafe.SliceData(found)), uint32(len(found))
}

// Texts copies the list of texts that is there.
func Texts(at unsafe.Pointer) []string {
	items, count := ListAt(at)
	found := make([]string, count)
	for i := range found {
		found[i] = TextAt(unsafe.Add(items, 8*i))
	}
	return found
}
