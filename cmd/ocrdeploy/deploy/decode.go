package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
)

// MaxBlobBytes bounds what Decode takes.
const MaxBlobBytes = 4 << 20

// Blob is a kind of bytes that Decode understands.
type Blob string

// The kinds.
const (
	BlobAuto           Blob = "auto"
	BlobCalldata       Blob = "calldata" // of any function of an aggregator
	BlobOffchainConfig Blob = "offchain-config"
	BlobOnchainConfig  Blob = "onchain-config"
	BlobReport         Blob = "report" // of a median feed
	BlobPlugin         Blob = "plugin-config"
)

// Blobs are all kinds.
func Blobs() []Blob {
	return []Blob{BlobAuto, BlobCalldata, BlobOffchainConfig, BlobOnchainConfig, BlobReport, BlobPlugin}
}

// Decoded is what bytes mean.
type Decoded struct {
	What   string  `json:"what"`
	Fields []Field `json:"fields"`
}

// ErrUndecodable: the bytes are nothing that is known, or not what they were said to be.
var ErrUndecodable = errors.New("cannot decode the bytes")

// Decode says what bytes mean. With BlobAuto it finds out what they are, by kinds that check each byte first.
func Decode(blob []byte, kind Blob) (*Decoded, error) {
	if len(blob) > MaxBlobBytes {
		return nil, fmt.Errorf("%w: there are more than %d", ErrUndecodable, MaxBlobBytes)
	}
	decoders := map[Blob]func([]byte) (*Decoded, error){
		BlobCalldata: decodeCalldata, BlobOnchainConfig: decodeOnchainConfig, BlobReport: decodeReport,
		BlobOffchainConfig: decodeOffchainConfig, BlobPlugin: decodePlugin,
	}
	if kind != BlobAuto {
		decode, ok := decoders[kind]
		if !ok {
			return nil, fmt.Errorf("%w: %.40q is not a kind; there are %v", ErrUndecodable, string(kind), Blobs())
		}
		decoded, err := decode(blob)
		if err != nil {
			return nil, fmt.Errorf("%w as %s: %w", ErrUndecodable, kind, err)
		}
		return decoded, nil
	}
	for _, kind := range []Blob{BlobCalldata, BlobOnchainConfig, BlobReport, BlobOffchainConfig} {
		decoded, err := decoders[kind](blob)
		if err == nil {
			return decoded, nil
		}
		// Who has the right selector means calldata.
		var selector *selectorError
		if kind == BlobCalldata && !errors.As(err, &selector) {
			return nil, fmt.Errorf("%w as %s: %w", ErrUndecodable, kind, err)
		}
	}
	return nil, fmt.Errorf("%w: neither calldata of an aggregator, nor an onchain config, a report, or an offchain config of version 2; name the kind to see why not", ErrUndecodable)
}

// selectorError: the bytes do not begin like calldata of an aggregator.
type selectorError struct{ selector []byte }

func (e *selectorError) Error() string {
	return fmt.Sprintf("0x%x is the selector of no function of an aggregator", e.selector)
}

func decodeCalldata(blob []byte) (*Decoded, error) {
	switch {
	case bytes.HasPrefix(blob, ocr2.SetConfigSelector[:]):
		var call ocr2.SetConfigCall
		if err := ocr2.DecodeSetConfig(blob, &call); err != nil {
			return nil, err
		}
		return &Decoded{"calldata of setConfig", append(FieldsOf(&call), secretFields(call.OffchainConfig)...)}, nil
	case bytes.HasPrefix(blob, ocr2.TransmitSelector[:]):
		return decodeTransmit(blob)
	case len(blob) < 4:
		return nil, &selectorError{blob}
	}
	contract, err := ocr2aggregator.OCR2AggregatorMetaData.ParseABI()
	if err != nil {
		return nil, err
	}
	method, err := contract.MethodById(blob[:4])
	if err != nil {
		return nil, &selectorError{blob[:4]}
	}
	values, err := method.Inputs.Unpack(blob[4:])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method.Sig, err)
	}
	d := &Decoded{What: "calldata of " + method.Sig}
	for i, value := range values {
		name := method.Inputs[i].Name
		if name == "" {
			name = fmt.Sprintf("argument %d", i)
		}
		text := fmt.Sprint(value)
		if b, ok := value.([]byte); ok {
			text = hexText(b)
		}
		d.Fields = append(d.Fields, Field{name, text})
	}
	return d, nil
}

func decodeTransmit(blob []byte) (*Decoded, error) {
	var call ocr2.TransmitCall
	if err := ocr2.DecodeTransmit(blob, &call); err != nil {
		return nil, err
	}
	context := call.ReportContext
	d := &Decoded{What: "calldata of transmit"}
	d.Fields = append(d.Fields,
		Field{"configDigest", hexText(context[0][:])},
		Field{"epoch", new(big.Int).SetBytes(context[1][27:31]).String()},
		Field{"round", fmt.Sprint(context[1][31])},
		Field{"extraHash", hexText(context[2][:])},
	)
	if report, err := decodeReport(call.Report); err == nil {
		d.Fields = append(d.Fields, report.Fields...)
	} else {
		d.Fields = append(d.Fields, Field{"report", hexText(call.Report)})
	}
	reportHash := crypto.Keccak256(call.Report)
	hash := crypto.Keccak256(reportHash, context[0][:], context[1][:], context[2][:])
	for i := range max(len(call.Rs), len(call.Ss)) {
		name := fmt.Sprintf("signatures[%d].signer", i)
		if i >= len(call.Rs) || i >= len(call.Ss) || i >= len(call.RawVs) {
			d.Fields = append(d.Fields, Field{name, "incomplete"})
			continue
		}
		signature := slices.Concat(call.Rs[i][:], call.Ss[i][:], call.RawVs[i:i+1])
		signer := "not a signature"
		if key, err := crypto.SigToPub(hash, signature); err == nil {
			signer = crypto.PubkeyToAddress(*key).Hex()
		}
		d.Fields = append(d.Fields, Field{name, signer})
	}
	return d, nil
}

func decodeOnchainConfig(blob []byte) (*Decoded, error) {
	var c ocr2.MedianOnchainConfig
	if err := ocr2.DecodeMedianOnchainConfig(blob, &c); err != nil {
		return nil, err
	}
	return &Decoded{"onchain config of a median feed", []Field{{"minAnswer", c.MinAnswer.String()}, {"maxAnswer", c.MaxAnswer.String()}}}, nil
}

func decodeReport(blob []byte) (*Decoded, error) {
	var r ocr2.MedianReport
	if err := ocr2.DecodeMedianReport(blob, &r); err != nil {
		return nil, err
	}
	d := &Decoded{What: "report of a median feed", Fields: []Field{
		{"observationsTimestamp", fmt.Sprint(r.ObservationsTimestamp)},
		{"juelsPerFeeCoin", r.JuelsPerFeeCoin.String()},
	}}
	if n := len(r.Observations); n > 0 {
		d.Fields = append(d.Fields, Field{"median", r.Observations[n/2].String()})
	}
	for i, observation := range r.Observations {
		observer := "?"
		if i < len(r.RawObservers) {
			observer = fmt.Sprint(r.RawObservers[i])
		}
		d.Fields = append(d.Fields, Field{fmt.Sprintf("observations[%d] by oracle %s", i, observer), observation.String()})
	}
	return d, nil
}

// decodeOffchainConfig takes what encodes to the same bytes again: protobuf would read almost anything.
func decodeOffchainConfig(blob []byte) (*Decoded, error) {
	parsed, err := ocr2config.Parse(blob)
	if err != nil {
		return nil, err
	}
	canonical, same, err := ocr2config.Canonical(blob)
	if err != nil {
		return nil, err
	}
	if !same {
		return nil, fmt.Errorf("written plainly, its content has %d bytes, not %d: it holds more than is known here", len(canonical), len(blob))
	}
	if len(parsed.OffchainPublicKeys) == 0 {
		return nil, errors.New("it has no oracles")
	}
	d := &Decoded{What: "offchain config of version 2", Fields: offchainFields(&parsed)}
	for i := range max(len(parsed.OffchainPublicKeys), len(parsed.PeerIDs)) {
		if i < len(parsed.OffchainPublicKeys) {
			d.Fields = append(d.Fields, Field{fmt.Sprintf("oracles[%d].offchainPublicKey", i), hexText(parsed.OffchainPublicKeys[i][:])})
		}
		if i < len(parsed.PeerIDs) {
			d.Fields = append(d.Fields, Field{fmt.Sprintf("oracles[%d].peerID", i), parsed.PeerIDs[i]})
		}
	}
	d.Fields = append(d.Fields, secretFields(blob)...)
	return d, nil
}

func decodePlugin(blob []byte) (*Decoded, error) {
	fields := pluginFields(blob)
	for i := range fields {
		fields[i].Name = strings.TrimPrefix(fields[i].Name, "config.plugin.")
	}
	return &Decoded{"config of a reporting plugin", fields}, nil
}

// secretFields shows what an offchain config says about its shared secret, which is not the secret.
func secretFields(offchainConfig []byte) []Field {
	parsed, err := ocr2config.Parse(offchainConfig)
	if err != nil {
		return nil
	}
	e := parsed.Encryptions
	fields := []Field{{"sharedSecret.hash", hexText(e.SharedSecretHash[:])}, {"sharedSecret.diffieHellmanPoint", hexText(e.DiffieHellmanPoint[:])}}
	for i := range e.Encryptions {
		fields = append(fields, Field{fmt.Sprintf("sharedSecret.encryptions[%d]", i), hexText(e.Encryptions[i][:])})
	}
	return fields
}

// DecodeChainConfig shows the config of a contract.
func DecodeChainConfig(contract common.Address, c *ChainConfig) *Decoded {
	call := c.Call()
	fields := []Field{
		{"contract", contract.Hex()},
		{"configDigest", c.ConfigDigest.Hex()},
		{"configCount", fmt.Sprint(c.ConfigCount)},
		{"block", fmt.Sprint(c.Block)},
		{"time", c.Time.Format("2006-01-02 15:04:05 UTC")},
		{"transaction", c.Tx.Hex()},
	}
	fields = append(fields, FieldsOf(&call)...)
	return &Decoded{"config of a contract", append(fields, secretFields(c.OffchainConfig)...)}
}
