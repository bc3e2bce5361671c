package commontypes

// BinaryMessageWithSender is a message that arrived from the network.
type BinaryMessageWithSender struct {
	// Msg is the payload as the sender passed it to SendTo or Broadcast. The receiver owns it.
	Msg []byte
	// Sender is the oracle that sent the message. The network layer has authenticated it.
	Sender OracleID
}

// BinaryNetworkEndpoint connects the oracle of one protocol instance with the other oracles of that instance. It is made
// by a factory for one config digest, started once and closed once.
//
// Delivery is best effort: messages may be lost, and are not repeated; between two oracles, what arrives arrives in the
// order of sending. Broadcast includes the sender itself. All methods may be called concurrently.
type BinaryNetworkEndpoint interface {
	// SendTo sends payload to one oracle, which may be the sender itself. It must not block: where a buffer is full, the
	// oldest message in it gives way. The caller must not change payload afterwards.
	SendTo(payload []byte, to OracleID)
	// Broadcast sends payload to every oracle of the instance, the sender included. What SendTo says about blocking and
	// payload holds here too.
	Broadcast(payload []byte)
	// Receive returns the channel of arriving messages; always the same one. Until somebody reads, messages wait in a bounded
	// buffer whose oldest entries give way.
	Receive() <-chan BinaryMessageWithSender
	// Start begins sending and receiving. It is called once, before the first message is sent.
	Start() error
	// Close ends sending and receiving and returns when every resource is released. A second call may return an error but
	// must not panic.
	Close() error
}

// Bootstrapper helps the oracles of one protocol instance to find each other's addresses. It takes no part in the protocol.
type Bootstrapper interface {
	// Start begins the work in the background and returns.
	Start() error
	// Close ends it and returns when every resource is released. A second call may return an error but must not panic.
	Close() error
}
