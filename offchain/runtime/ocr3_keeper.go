package runtime

import (
	"context"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// ocr3Keeper writes to the database what an instance must not forget. A write is tried again until it succeeds: the machine
// goes on, or its messages leave, only then. All its methods are called on the instance's turn.
type ocr3Keeper struct {
	writes
	db     ocr3types.Database
	digest types.ConfigDigest
	// pacemakerDurable is called with the number of a state that is durable, certificateDurable with the id of a write.
	pacemakerDurable   func(number uint64)
	certificateDurable func(id kernel.CallID)

	pacemaker       ocr3wire.PacemakerState // newest
	number          uint64                  // of the newest
	writtenNumber   uint64
	pacemakerWriter writer

	certificate       ocr3.WriteCertificate // the one that is being written
	writing           bool
	certificateWriter writer
}

// persist has a pacemaker state written; it returns its number.
func (k *ocr3Keeper) persist(s ocr3wire.PacemakerState) uint64 {
	k.pacemaker = s
	k.number++
	k.writePacemaker()
	return k.number
}

func (k *ocr3Keeper) writePacemaker() {
	if k.writtenNumber == k.number || !k.pacemakerWriter.available() {
		return
	}
	number, value := k.number, ocr3wire.EncodePacemakerState(k.pacemaker)
	k.write(&k.pacemakerWriter, "writing the pacemaker's state", func(ctx context.Context) error {
		return k.db.WriteProtocolState(ctx, k.digest, pacemakerKey, value)
	}, func(err error) {
		if err == nil {
			k.writtenNumber = number
			k.pacemakerDurable(number)
		}
	}, k.writePacemaker)
}

// keep has a certificate written. The machine asks for one at a time.
func (k *ocr3Keeper) keep(e ocr3.WriteCertificate) {
	k.certificate, k.writing = e, true
	k.writeCertificate()
}

func (k *ocr3Keeper) writeCertificate() {
	if !k.writing || !k.certificateWriter.available() {
		return
	}
	id, value := k.certificate.ID, ocr3wire.EncodeCertificate(k.certificate.Certificate)
	k.write(&k.certificateWriter, "writing the certificate", func(ctx context.Context) error {
		return k.db.WriteProtocolState(ctx, k.digest, certificateKey, value)
	}, func(err error) {
		if err == nil {
			k.writing = false
			k.certificateDurable(id)
		}
	}, k.writeCertificate)
}
