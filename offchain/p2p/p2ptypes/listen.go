package p2ptypes

import "sync"

// Listen hands what arrives on a stream to arrived, one message at a time: from the connection's own reader where the stream
// can do that (see PushStream; arrived must not block), else from a goroutine of readers that ends when the stream is closed. It is
// called right after opening.
func Listen(s Stream, readers *sync.WaitGroup, arrived func(payload []byte)) {
	if push, ok := s.(PushStream); ok {
		push.SetReceiver(func(m InboundBinaryMessage) {
			if plain, ok := m.(InboundBinaryMessagePlain); ok {
				arrived(plain.Payload)
			}
		})
		return
	}
	readers.Go(func() {
		for payload := range s.ReceiveMessages() {
			arrived(payload)
		}
	})
}
