package runtime

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
)

// PushEndpoint is what a network endpoint can implement, beside commontypes.BinaryNetworkEndpoint, to do without a goroutine
// for each oracle that reads from a channel.
type PushEndpoint interface {
	commontypes.BinaryNetworkEndpoint

	// SetReceiver is called once, before Start. From Start on the endpoint calls f with each message that arrives, instead of
	// passing it to the Receive channel: one call at a time for each sender, in the order received; calls for different senders
	// may be concurrent. f does not block, and does not change the message, but keeps it. When Close has returned, f is not
	// called any more, nor is a call going on.
	SetReceiver(f func(commontypes.BinaryMessageWithSender))
}

// listen starts an endpoint whose messages go to receive. The reader is nil if there is none, since the endpoint pushes.
func listen(endpoint commontypes.BinaryNetworkEndpoint, receive func(commontypes.BinaryMessageWithSender), logger logging.Logger) (*reader, error) {
	push, ok := endpoint.(PushEndpoint)
	if ok {
		push.SetReceiver(receive)
	}
	if err := endpoint.Start(); err != nil {
		return nil, err
	}
	if ok {
		return nil, nil
	}
	return readFrom(endpoint.Receive(), receive, func() {
		logger.Error("the network endpoint has closed its channel: no more messages are received", nil)
	}), nil
}

// reader passes on what a channel delivers.
type reader struct {
	stop chan struct{}
	done chan struct{}
}

// readFrom starts to call f with each message; closed is called if the channel is closed before the reader is stopped.
func readFrom(messages <-chan commontypes.BinaryMessageWithSender, f func(commontypes.BinaryMessageWithSender), closed func()) *reader {
	r := &reader{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(r.done)
		for {
			select {
			case m, ok := <-messages:
				if !ok {
					closed()
					return
				}
				f(m)
			case <-r.stop:
				return
			}
		}
	}()
	return r
}

func (r *reader) close() {
	close(r.stop)
	<-r.done
}
