// Package mqtt sends messages to the MQTT brokers that Spin grants.
package mqtt

import (
	"errors"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

//go:wasmimport fermyon:spin/mqtt@2.0.0 [static]connection.open
func open(address unsafe.Pointer, length uint32, user unsafe.Pointer, userLength uint32, password unsafe.Pointer, passwordLength uint32, seconds uint64, result unsafe.Pointer)

//go:wasmimport fermyon:spin/mqtt@2.0.0 [method]connection.publish
func publish(connection uint32, topic unsafe.Pointer, length uint32, payload unsafe.Pointer, size uint32, qos uint32, result unsafe.Pointer)

// Connection is an open connection.
type Connection struct {
	handle uint32
}

// QoS says how sure a delivery shall be.
type QoS = uint8

// Its values.
const (
	QosAtMostOnce QoS = iota
	QosAtLeastOnce
	QosExactlyOnce
)

// OpenConnection connects to an address that the function is granted.
func OpenConnection(address, username, password string, keepAliveIntervalInSecs uint64) (Connection, error) {
	at, length := abi.String(address)
	user, userLength := abi.String(username)
	secret, secretLength := abi.String(password)
	open(at, length, user, userLength, secret, secretLength, keepAliveIntervalInSecs, abi.Area())
	defer abi.Done()
	return Connection{abi.Uint32(4)}, failure()
}

// Publish sends a message to a topic.
func (c *Connection) Publish(topic string, payload []byte, qos QoS) error {
	at, length := abi.String(topic)
	data, size := abi.Slice(payload)
	publish(c.handle, at, length, data, size, uint32(qos), abi.Area())
	defer abi.Done()
	return failure()
}

func failure() error {
	if abi.Byte(0) == 0 {
		return nil
	}
	switch abi.Byte(4) {
	case 0:
		return errors.New("invalid address")
	case 1:
		return errors.New("too many connections")
	case 2:
		return errors.New("connection-failed: " + abi.Text(8))
	default:
		return errors.New(abi.Text(8))
	}
}
