package deploy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// MaxBlobBytes bounds what Decode takes.
const MaxBlobBytes = 4 << 20

// Blob is a kind of bytes that Decode understands.
type Blob string

// The kinds.
const (
	BlobAuto           Blob = "auto"
	BlobCalldata       Blob = "calldata" // of any function of a contract
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
	if kind != BlobAuto {
		decode, ok := decoders()[kind]
		if !ok {
			return nil, fmt.Errorf("%w: %.40q is not a kind; there are %v", ErrUndecodable, string(kind), Blobs())
		}
		decoded, err := decode.first(blob)
		if err != nil {
			return nil, fmt.Errorf("%w as %s: %w", ErrUndecodable, kind, err)
		}
		return decoded, nil
	}
	for _, kind := range []Blob{BlobCalldata, BlobOnchainConfig, BlobReport, BlobOffchainConfig} {
		decoded, err := decoders()[kind].first(blob)
		if err == nil {
			return decoded, nil
		}
		// Who has the right selector means calldata.
		var selector *selectorError
		if kind == BlobCalldata && !errors.As(err, &selector) {
			return nil, fmt.Errorf("%w as %s: %w", ErrUndecodable, kind, err)
		}
	}
	return nil, fmt.Errorf("%w: neither calldata of a contract known here, nor an onchain config, a report, or an offchain config; name the kind to see why not", ErrUndecodable)
}

// decoder reads bytes as one of several things that they can be.
type decoder []alternative

type alternative struct {
	name   string
	decode func([]byte) (*Decoded, error)
}

// decoders are by kind; what differs between protocols has an alternative for each.
func decoders() map[Blob]decoder {
	all := map[Blob]decoder{
		BlobOnchainConfig: {{"", decodeOnchainConfig}},
		BlobPlugin:        {{"", decodePlugin}},
	}
	for _, p := range protocols {
		name := string(p.name())
		all[BlobCalldata] = append(all[BlobCalldata], alternative{name, p.calldata})
		all[BlobReport] = append(all[BlobReport], alternative{name, p.report})
		all[BlobOffchainConfig] = append(all[BlobOffchainConfig], alternative{name, p.offchainConfig})
	}
	return all
}

// first returns the first thing that the bytes can be. The error says of each why they are not; calldata whose selector only some
// know is taken for theirs.
func (d decoder) first(blob []byte) (*Decoded, error) {
	var all []error
	for _, a := range d {
		decoded, err := a.decode(blob)
		if err == nil {
			return decoded, nil
		}
		var selector *selectorError
		if len(d) > 1 && !errors.As(err, &selector) {
			err = fmt.Errorf("%s: %w", a.name, err)
		}
		all = append(all, err)
	}
	return nil, mostTelling(all)
}

// mostTelling leaves out that a selector is not known where another error says more, and says it once where not.
func mostTelling(all []error) error {
	var telling []error
	var unknown *selectorError
	for _, err := range all {
		if !errors.As(err, &unknown) {
			telling = append(telling, err)
		}
	}
	if len(telling) == 0 {
		return all[0]
	}
	if len(telling) == 1 {
		return telling[0]
	}
	texts := make([]string, len(telling))
	for i, err := range telling {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// selectorError: the bytes do not begin like calldata of a contract of a protocol.
type selectorError struct{ selector []byte }

func (e *selectorError) Error() string {
	return fmt.Sprintf("0x%x is the selector of no function of a contract known here", e.selector)
}

// decodeCall reads calldata of any function of a contract.
func decodeCall(contract *abi.ABI, blob []byte) (*Decoded, error) {
	if len(blob) < 4 {
		return nil, &selectorError{blob}
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
		d.Fields = append(d.Fields, field(name, text))
	}
	return d, nil
}

func decodeOnchainConfig(blob []byte) (*Decoded, error) {
	var c ocr2.MedianOnchainConfig
	if err := ocr2.DecodeMedianOnchainConfig(blob, &c); err != nil {
		return nil, err
	}
	return &Decoded{"onchain config of a median feed", []Field{field("minAnswer", c.MinAnswer.String()), field("maxAnswer", c.MaxAnswer.String())}}, nil
}

func decodePlugin(blob []byte) (*Decoded, error) {
	fields := netfile.PluginOf(blob).Fields()
	for i := range fields {
		fields[i].Name = strings.TrimPrefix(fields[i].Name, "config.plugin.")
	}
	return &Decoded{"config of a reporting plugin", fields}, nil
}

// DecodeChainConfig shows the config of a contract.
func DecodeChainConfig(contract common.Address, c *ChainConfig) *Decoded {
	fields := []Field{
		field("contract", contract.Hex()),
		field("protocol", string(c.Protocol)),
		field("configDigest", c.Digest.Hex()),
		field("configCount", fmt.Sprint(c.Count)),
		field("block", fmt.Sprint(c.Block)),
		field("time", c.Time.Format("2006-01-02 15:04:05 UTC")),
		field("transaction", c.Tx.Hex()),
	}
	return &Decoded{"config of a contract", slices.Concat(fields, c.Fields, c.Secrets)}
}
