package deploy

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// Field is one value of a config, named by its place in the network file, as text.
type Field = netfile.Field

func field(name, value string) Field { return Field{Name: name, Value: value} }

// parsedConfig is an offchain config taken apart.
type parsedConfig struct {
	version            uint64
	protocol           netfile.Protocol
	config             netfile.Config // f is not in it
	offchainPublicKeys []types.OffchainPublicKey
	peerIDs            []string
	encryptions        config.SharedSecretEncryptions
}

// offchainFormat is a version of the format of offchain configs.
type offchainFormat struct {
	parse func(offchainConfig []byte) (*parsedConfig, error)
	// canonical encodes an offchain config again, and tells whether that makes a difference.
	canonical func(offchainConfig []byte) (canonical []byte, same bool, err error)
	// accept returns why oracles refuse a config; nil for the version of OCR1, whose contracts have configs of another form.
	accept func(cc types.ContractConfig, development bool) error
}

// formats are those that there are, by version. A contract of OCR2's form may hold a config of OCR3.
var formats = map[uint64]offchainFormat{
	config.OCR1Version: {parseOCR1, ocr1config.Canonical, nil},
	config.OCR2Version: {parseOCR2, ocr2config.Canonical, func(cc types.ContractConfig, development bool) error {
		_, err := ocr2config.PublicConfigFromContractConfig(development, cc)
		return err
	}},
	config.OCR3Version: {parseOCR3, ocr3config.Canonical, func(cc types.ContractConfig, development bool) error {
		_, err := ocr3config.PublicConfigFromContractConfig(development, cc)
		return err
	}},
}

// judge sets what there is to say against a config: as one of its version, or, where it has none that is known here, of the version
// that its protocol has.
func (c *ChainConfig) judge(cc types.ContractConfig, version uint64, development bool) {
	format, ok := formats[cc.OffchainConfigVersion]
	if !ok || format.accept == nil {
		format = formats[version]
	}
	c.PublicErr = format.accept(cc, development)
	c.PlainErr = format.plain(cc.OffchainConfig)
}

// plain says in what an offchain config is more than its fields; nil when it is not.
func (f offchainFormat) plain(offchainConfig []byte) error {
	canonical, same, err := f.canonical(offchainConfig)
	if err == nil && !same {
		err = fmt.Errorf("the offchain config has %d bytes, written plainly it has %d: it holds what this program does not know", len(offchainConfig), len(canonical))
	}
	return err
}

// decode takes what encodes to the same bytes again: protobuf would read almost anything.
func (f offchainFormat) decode(blob []byte) (*Decoded, error) {
	if err := f.plain(blob); err != nil {
		return nil, err
	}
	parsed, err := f.parse(blob)
	if err != nil {
		return nil, err
	}
	return parsed.decoded()
}

// configParts are the arguments of setConfig.
type configParts struct {
	f                     uint8
	onchainConfig         []byte
	offchainConfigVersion uint64
	offchainConfig        []byte
	// signers are shown under signerName.
	signers      []string
	signerName   string
	transmitters []common.Address
}

// fields takes a config apart into readable values. It never fails: what does not decode is shown in hexadecimal.
func (c *configParts) fields() []Field {
	var fields []Field
	add := func(name, value string) { fields = append(fields, field(name, value)) }
	add("config.f", fmt.Sprint(c.f))
	var onchain ocr2.MedianOnchainConfig
	if err := ocr2.DecodeMedianOnchainConfig(c.onchainConfig, &onchain); err == nil {
		add("contract.minAnswer", onchain.MinAnswer.String())
		add("contract.maxAnswer", onchain.MaxAnswer.String())
	} else {
		add("onchainConfig", hexText(c.onchainConfig))
	}
	add("offchainConfigVersion", fmt.Sprint(c.offchainConfigVersion))
	parsed := parseOffchainConfig(c.offchainConfigVersion, c.offchainConfig)
	if parsed == nil {
		add("offchainConfig", hexText(c.offchainConfig))
		parsed = &parsedConfig{}
	} else {
		fields = append(fields, parsed.config.Fields(parsed.protocol)...)
	}
	return append(fields, c.oracleFields(parsed)...)
}

// oracleFields shows the oracles of a config.
func (c *configParts) oracleFields(parsed *parsedConfig) []Field {
	var fields []Field
	for i := range max(len(c.signers), len(c.transmitters), len(parsed.offchainPublicKeys), len(parsed.peerIDs)) {
		oracle := func(name, value string) {
			fields = append(fields, field(fmt.Sprintf("oracles[%d].%s", i, name), value))
		}
		if i < len(c.signers) {
			oracle(c.signerName, c.signers[i])
		}
		if i < len(c.transmitters) {
			oracle("transmitAccount", c.transmitters[i].Hex())
		}
		if i < len(parsed.offchainPublicKeys) {
			oracle("offchainPublicKey", hexText(parsed.offchainPublicKeys[i][:]))
		}
		if i < len(parsed.peerIDs) {
			oracle("peerID", parsed.peerIDs[i])
		}
	}
	return fields
}

// parseOffchainConfig returns nil where an offchain config cannot be read.
func parseOffchainConfig(version uint64, offchainConfig []byte) *parsedConfig {
	format, ok := formats[version]
	if !ok {
		return nil
	}
	parsed, err := format.parse(offchainConfig)
	if err != nil {
		return nil
	}
	return parsed
}

// secretFields shows what an offchain config says about its shared secret, which is not the secret.
func secretFields(version uint64, offchainConfig []byte) []Field {
	if parsed := parseOffchainConfig(version, offchainConfig); parsed != nil {
		return parsed.secrets()
	}
	return nil
}

func (p *parsedConfig) secrets() []Field {
	e := p.encryptions
	fields := []Field{field("sharedSecret.hash", hexText(e.SharedSecretHash[:])), field("sharedSecret.diffieHellmanPoint", hexText(e.DiffieHellmanPoint[:]))}
	for i := range e.Encryptions {
		fields = append(fields, field(fmt.Sprintf("sharedSecret.encryptions[%d]", i), hexText(e.Encryptions[i][:])))
	}
	return fields
}

// decoded shows an offchain config by itself.
func (p *parsedConfig) decoded() (*Decoded, error) {
	if len(p.offchainPublicKeys) == 0 {
		return nil, errors.New("it has no oracles")
	}
	d := &Decoded{What: fmt.Sprintf("offchain config of version %d", p.version), Fields: p.config.Fields(p.protocol)}
	for i := range max(len(p.offchainPublicKeys), len(p.peerIDs)) {
		if i < len(p.offchainPublicKeys) {
			d.Fields = append(d.Fields, field(fmt.Sprintf("oracles[%d].offchainPublicKey", i), hexText(p.offchainPublicKeys[i][:])))
		}
		if i < len(p.peerIDs) {
			d.Fields = append(d.Fields, field(fmt.Sprintf("oracles[%d].peerID", i), p.peerIDs[i]))
		}
	}
	d.Fields = append(d.Fields, p.secrets()...)
	return d, nil
}

func hexText(b []byte) string { return fmt.Sprintf("0x%x", b) }

func addressText(a common.Address) string {
	if a == (common.Address{}) {
		return "none"
	}
	return a.Hex()
}

// Change is a field of the network file that differs from what is on chain.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old"` // on chain; empty: nothing
	New   string `json:"new"` // in the network file; empty: nothing
	// Blocked says why ocrdeploy cannot make the change and what to do; empty where it can.
	Blocked string `json:"blocked,omitempty"`
}

// diff compares fields by name, in the order of the new ones, then of those that are gone.
func diff(oldFields, newFields []Field) []Change {
	olds := make(map[string]string, len(oldFields))
	for _, f := range oldFields {
		olds[f.Name] = f.Value
	}
	var changes []Change
	seen := make(map[string]bool, len(newFields))
	for _, f := range newFields {
		seen[f.Name] = true
		if old, ok := olds[f.Name]; !ok || old != f.Value {
			changes = append(changes, Change{Field: f.Name, Old: old, New: f.Value})
		}
	}
	for _, f := range oldFields {
		if !seen[f.Name] {
			changes = append(changes, Change{Field: f.Name, Old: f.Value})
		}
	}
	return changes
}
