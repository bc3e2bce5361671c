package contracts

import (
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/testing/linktoken"
)

// feed is an aggregator with oracles, on a chain where each call is a transaction of its own.
type feed struct {
	t            *testing.T
	chain        *chain
	abi          *abi.ABI
	owner        common.Address
	address      common.Address
	deploy       result
	keys         []*ecdsa.PrivateKey
	signers      []common.Address
	transmitters []common.Address
	f            uint8
	epoch        uint32
}

const (
	minAnswer = 1
	maxAnswer = 1_000_000_000_000_000_000
)

// newOCR2Feed deploys an OCR2 aggregator and sets prices.
func newOCR2Feed(t *testing.T, n int, f uint8) *feed {
	t.Helper()
	d := newFeed(t, "OCR2Aggregator", n, f, func(link common.Address) []any {
		return []any{link, big.NewInt(minAnswer), big.NewInt(maxAnswer), common.Address{}, common.Address{}, uint8(8), "gas / USD"}
	})
	d.call(d.owner, "setBilling", uint32(2000), uint32(100), uint32(500), uint32(300), big.NewInt(3000))
	return d
}

// newFeed deploys an aggregator and names the payees of n oracles. It does not configure the oracles yet.
func newFeed(t *testing.T, contract string, n int, f uint8, constructorArgs func(link common.Address) []any) *feed {
	t.Helper()
	parsed, err := metaData(t, contract).ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	d := &feed{t: t, chain: newChain(t, 1337, osaka), abi: parsed, owner: common.Address{0xaa}, f: f}
	d.chain.blockNumber, d.chain.timestamp = 1000, 1_700_000_000
	link, r := d.chain.deploy(d.owner, 0, creationCode(t, "LinkToken"))
	if r.err != nil {
		t.Fatal(r.err)
	}
	args, err := parsed.Constructor.Inputs.Pack(constructorArgs(link)...)
	if err != nil {
		t.Fatal(err)
	}
	d.address, d.deploy = d.chain.deploy(d.owner, 1, append(creationCode(t, contract), args...))
	if d.deploy.err != nil {
		t.Fatal(d.deploy.err)
	}
	var payees []common.Address
	for i := range n {
		key, err := crypto.ToECDSA(crypto.Keccak256([]byte(fmt.Sprintf("oracle %d", i))))
		if err != nil {
			t.Fatal(err)
		}
		d.keys = append(d.keys, key)
		d.signers = append(d.signers, crypto.PubkeyToAddress(key.PublicKey))
		d.transmitters = append(d.transmitters, common.BytesToAddress(crypto.Keccak256([]byte(fmt.Sprintf("transmitter %d", i)))))
		payees = append(payees, common.BytesToAddress(crypto.Keccak256([]byte(fmt.Sprintf("payee %d", i)))))
	}
	d.call(d.owner, "setPayees", d.transmitters, payees)
	transfer, err := linktoken.NewLinkToken().TryPackTransfer(d.address, new(big.Int).Lsh(big.NewInt(1), 80))
	if err != nil {
		t.Fatal(err)
	}
	if r := d.chain.call(d.owner, link, transfer, defaultGasLimit); r.err != nil {
		t.Fatal(r.err)
	}
	return d
}

// call makes a call that must succeed and returns the gas that it used.
func (d *feed) call(from common.Address, method string, args ...any) uint64 {
	d.t.Helper()
	data, err := d.abi.Pack(method, args...)
	if err != nil {
		d.t.Fatal(err)
	}
	r := d.chain.call(from, d.address, data, defaultGasLimit)
	if r.err != nil {
		d.t.Fatalf("%s: %v %s", method, r.err, describe(r.ret))
	}
	return r.gas
}

func (d *feed) setConfig() uint64 {
	d.t.Helper()
	onchain, err := ocr2.AppendMedianOnchainConfig(nil, &ocr2.MedianOnchainConfig{
		MinAnswer: big.NewInt(minAnswer), MaxAnswer: big.NewInt(maxAnswer),
	})
	if err != nil {
		d.t.Fatal(err)
	}
	offchain := make([]byte, 500)
	for i := range offchain {
		offchain[i] = byte(1 + i%255)
	}
	return d.call(d.owner, "setConfig", d.signers, d.transmitters, d.f, onchain, uint64(2), offchain)
}

func (d *feed) transmit(observations int) uint64 {
	d.t.Helper()
	d.epoch++
	report := ocr2.NewMedianReport(uint32(d.chain.timestamp-5), [32]byte{}, nil, big.NewInt(1e18))
	for i := range observations {
		report.Observations = append(report.Observations, big.NewInt(350_000_000_000+1000*int64(i)))
	}
	encoded, err := ocr2.AppendMedianReport(nil, report)
	if err != nil {
		d.t.Fatal(err)
	}
	var context [3][32]byte
	r := d.chain.view(d.owner, d.address, d.abi.Methods["latestConfigDetails"].ID)
	copy(context[0][:], r.ret[64:])
	binary.BigEndian.PutUint32(context[1][27:], d.epoch)
	context[1][31] = 1
	hash := crypto.Keccak256(crypto.Keccak256(encoded), context[0][:], context[1][:], context[2][:])
	var rs, ss [][32]byte
	var vs [32]byte
	for i := range int(d.f) + 1 {
		sig, err := crypto.Sign(hash, d.keys[i])
		if err != nil {
			d.t.Fatal(err)
		}
		rs, ss = append(rs, [32]byte(sig[:32])), append(ss, [32]byte(sig[32:64]))
		vs[i] = sig[64]
	}
	return d.call(d.transmitters[len(d.transmitters)-1], "transmit", context, encoded, rs, ss, vs)
}

// checkGas fails if a call uses more than its share, in percent, of what the reference uses.
func checkGas(t *testing.T, what string, gas, reference, share uint64) {
	t.Helper()
	t.Logf("%-26s %9d gas, %.1f %% of %d", what, gas, float64(gas)*100/float64(reference), reference)
	if gas*100 > reference*share {
		t.Errorf("%s uses %d gas, more than %d %% of %d", what, gas, share, reference)
	}
}

// TestGas holds the contracts to what they are built for: a share of what the reference implementation of the protocol uses
// for the same calls. Gas is that of the call frame; each call is a transaction of its own and finds everything cold. See
// docs/gas.md, where these figures are.
func TestGas(t *testing.T) {
	for _, c := range []struct {
		n               int
		f               uint8
		transmit, share uint64 // of the reference, and the share of it that is allowed in percent
		config, share2  uint64 // the same of the first setConfig
	}{
		{4, 1, 68_396, 85, 515_225, 60},
		{16, 5, 98_653, 80, 1_617_188, 45},
		{31, 10, 136_488, 75, 2_994_699, 40},
	} {
		t.Run(fmt.Sprintf("n=%d f=%d", c.n, c.f), func(t *testing.T) {
			d := newOCR2Feed(t, c.n, c.f)
			checkGas(t, "deploy", d.deploy.gas, 4_114_732, 100)
			checkGas(t, "setConfig, first", d.setConfig(), c.config, c.share2)
			checkGas(t, "transmit, first", d.transmit(c.n), c.transmit, c.share)
			checkGas(t, "transmit, second", d.transmit(c.n), c.transmit, c.share)
			checkGas(t, "setConfig, nothing owed", func() uint64 {
				d.call(d.owner, "setBilling", uint32(0), uint32(0), uint32(0), uint32(0), big.NewInt(0))
				return d.setConfig()
			}(), c.config, c.share2)
		})
	}
}
