package http

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

const most = 64 << 10

// reader is the body of what came in: a request of ours to serve, or a response to one of ours to another server.
type reader struct {
	body   uint32
	stream uint32
	open   bool
	ended  bool
	done   func()
}

// newReader takes the body of an incoming request or response.
func newReader(owner uint32, consume func(uint32, unsafe.Pointer), done func()) *reader {
	r := &reader{ended: true, done: done}
	consume(owner, abi.Area())
	if abi.Byte(0) != 0 {
		return r
	}
	r.body = abi.Uint32(4)
	bodyStream(r.body, abi.Area())
	if abi.Byte(0) != 0 {
		dropBody(r.body)
		return r
	}
	r.stream, r.open, r.ended = abi.Uint32(4), true, false
	return r
}

func (r *reader) Read(into []byte) (int, error) {
	if r.ended {
		return 0, io.EOF
	}
	if len(into) == 0 {
		return 0, nil
	}
	for {
		streamRead(r.stream, uint64(min(len(into), most)), abi.Area())
		if abi.Byte(0) != 0 {
			r.ended = true
			abi.Done()
			if abi.Byte(4) == 0 {
				return 0, errors.New("the body could not be read to its end")
			}
			return 0, io.EOF
		}
		count := copy(into, abi.ViewAt(abi.At(4)))
		abi.Done()
		if count > 0 {
			return count, nil
		}
	}
}

func (r *reader) Close() error {
	r.ended = true
	if r.open {
		r.open = false
		dropInput(r.stream)
		dropBody(r.body)
	}
	if r.done != nil {
		r.done()
		r.done = nil
	}
	return nil
}

// writer is a body on its way out.
type writer struct {
	body   uint32
	stream uint32
}

func newWriter(body uint32) (*writer, error) {
	outgoingWrite(body, abi.Area())
	if abi.Byte(0) != 0 {
		return nil, errors.New("the body can't be written")
	}
	return &writer{body, abi.Uint32(4)}, nil
}

// Write hands everything over as there is room for it. The host sends it before it waits for anything.
func (w *writer) Write(data []byte) (int, error) {
	written := 0
	for written < len(data) {
		streamRoom(w.stream, abi.Area())
		if abi.Byte(0) != 0 {
			return written, errClosed
		}
		room := abi.Uint64(8)
		if room == 0 {
			wait(streamSubscribe(w.stream))
			continue
		}
		part := data[written:min(len(data), written+int(min(room, most)))]
		at, size := abi.Slice(part)
		streamWrite(w.stream, at, size, abi.Area())
		if abi.Byte(0) != 0 {
			return written, errClosed
		}
		written += len(part)
	}
	return written, nil
}

func (w *writer) flush() { streamFlush(w.stream, abi.Area()) }

// finish ends the body.
func (w *writer) finish(trailers http.Header) error {
	dropOutput(w.stream)
	some, fields := uint32(0), uint32(0)
	if len(trailers) > 0 {
		found, err := fieldsOf(trailers)
		if err != nil {
			dropOutgoing(w.body)
			return err
		}
		some, fields = 1, found
	}
	outgoingFinish(w.body, some, fields, abi.Area())
	defer abi.Done()
	if abi.Byte(0) != 0 {
		return codeAt(8)
	}
	return nil
}

var errClosed = errors.New("nobody reads the body any more")

func wait(pollable uint32) {
	pollableBlock(pollable)
	dropPollable(pollable)
}

// headerOf reads header fields and lets go of them.
func headerOf(fields uint32) http.Header {
	fieldsEntries(fields, abi.Area())
	items, count := abi.List(0)
	header := make(http.Header, count)
	for i := range count {
		item := unsafe.Add(items, 16*i)
		header.Add(abi.TextAt(item), abi.TextAt(unsafe.Add(item, 8)))
	}
	abi.Done()
	dropFields(fields)
	return header
}

func fieldsOf(header http.Header) (uint32, error) {
	fields := newFields()
	for name, values := range header {
		for _, value := range values {
			at, length := abi.String(name)
			data, size := abi.String(value)
			fieldsAppend(fields, at, length, data, size, abi.Area())
			if abi.Byte(0) != 0 {
				dropFields(fields)
				return 0, errors.New("the header " + strconv.Quote(name) + " can't be sent")
			}
		}
	}
	return fields, nil
}

const codes = "DNS timeout,DNS error,destination not found,destination unavailable,destination IP prohibited," +
	"destination IP unroutable,connection refused,connection terminated,connection timeout,connection read timeout," +
	"connection write timeout,connection limit reached,TLS protocol error,TLS certificate error,TLS alert received," +
	"HTTP request denied,HTTP request length required,HTTP request body size,HTTP request method invalid," +
	"HTTP request URI invalid,HTTP request URI too long,HTTP request header section size,HTTP request header size," +
	"HTTP request trailer section size,HTTP request trailer size,HTTP response incomplete," +
	"HTTP response header section size,HTTP response header size,HTTP response body size," +
	"HTTP response trailer section size,HTTP response trailer size,HTTP response transfer coding," +
	"HTTP response content coding,HTTP response timeout,HTTP upgrade failed,HTTP protocol error,loop detected," +
	"configuration error,internal error"

// codeAt is the error code at an offset of what a call gave.
func codeAt(offset uintptr) error {
	names := strings.Split(codes, ",")
	number := int(abi.Byte(offset))
	if number == len(names)-1 && abi.Byte(offset+8) != 0 {
		return errors.New(abi.Text(offset + 12))
	}
	if number < len(names) {
		return errors.New(names[number])
	}
	return errors.New("an error without a name")
}
