package contracts

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/ocrkit/ocrkit/test/vectors"
)

// caller calls functions of one deployed contract.
type caller struct {
	chain   *chain
	address common.Address
	abi     abi.ABI
}

func deployExposed(t *testing.T, contract string, constructorArgs []byte) caller {
	t.Helper()
	parsed, err := metaData(t, contract).ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	c := newChain(t, 1, osaka)
	address, r := c.deploy(common.Address{1}, 0, append(creationCode(t, contract), constructorArgs...))
	if r.err != nil {
		t.Fatalf("cannot deploy %s: %v %s", contract, r.err, describe(r.ret))
	}
	return caller{chain: c, address: address, abi: *parsed}
}

func (c caller) call(t *testing.T, method string, args ...any) result {
	t.Helper()
	data, err := c.abi.Pack(method, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c.chain.view(common.Address{1}, c.address, data)
}

// ocr1Config is what the vectors have of an OCR1 configuration.
type ocr1Config struct {
	ContractAddress       common.Address
	ConfigCount           vectors.U64
	Signers, Transmitters []common.Address
	F                     uint8
	EncodedConfigVersion  vectors.U64
	Encoded               vectors.Hex
}

func TestConfigDigest(t *testing.T) {
	exposed := deployExposed(t, "ExposedOCR2Aggregator", nil)
	exposedOCR1 := deployExposed(t, "ExposedOffchainAggregator", nil)
	type input struct {
		Family                string
		ChainID               vectors.Dec
		ContractAddress       common.Address
		ConfigCount           vectors.U64
		Signers, Transmitters []common.Address
		F                     uint8
		OnchainConfig         vectors.Hex
		OffchainConfigVersion vectors.U64
		OffchainConfig        vectors.Hex
	}
	digest := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.Decode[input](t, c.Input)
		want := vectors.Decode[struct{ ConfigDigest, Preimage vectors.Hex }](t, c.Output)
		r := exposed.call(t, "exposedConfigDigestFromConfigData", in.ChainID.Int, in.ContractAddress, uint64(in.ConfigCount),
			in.Signers, in.Transmitters, in.F, []byte(in.OnchainConfig), uint64(in.OffchainConfigVersion), []byte(in.OffchainConfig))
		if r.err != nil || !bytes.Equal(r.ret, want.ConfigDigest) {
			t.Errorf("digest is %x (%v), want %v", r.ret, r.err, want.ConfigDigest)
		}
	}
	digestOCR1 := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.Decode[ocr1Config](t, c.Input)
		want := vectors.Decode[struct{ ConfigDigest vectors.Hex }](t, c.Output)
		r := exposedOCR1.call(t, "exposedConfigDigestFromConfigData", in.ContractAddress, uint64(in.ConfigCount),
			in.Signers, in.Transmitters, in.F, uint64(in.EncodedConfigVersion), []byte(in.Encoded))
		// A bytes16 is the upper half of a word.
		if r.err != nil || !bytes.Equal(r.ret, append([]byte(want.ConfigDigest), make([]byte, 16)...)) {
			t.Errorf("digest is %x (%v), want %v", r.ret, r.err, want.ConfigDigest)
		}
	}
	vectors.EachKind(t, "testdata", []string{"contracts-config-digest.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			if strings.Contains(c.Name, "digester-reject") {
				return "digester-reject"
			}
			return vectors.Decode[input](t, c.Input).Family
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"ocr1": digestOCR1, "ocr2": digest},
		Elsewhere: map[string]string{
			"digester-reject": "offchain digesters refuse these; a contract cannot be given such values",
		},
	})
}

func TestBilling(t *testing.T) {
	// All arguments of the constructor are static: zero words.
	exposed := deployExposed(t, "TestOCR2Aggregator", make([]byte, 5*32))
	exposedOCR1 := deployExposed(t, "TestOffchainAggregator", make([]byte, 10*32))
	type input struct {
		Fn, Family                                                  string
		TxGasPriceGwei, ReasonableGasPriceGwei, MaximumGasPriceGwei vectors.Dec
		InitialGas, LeftGas, CallDataGas, AccountingGas             vectors.Dec
		GasPriceGwei                                                vectors.Dec
		A, B                                                        uint16
	}
	check := func(t *testing.T, output json.RawMessage, r result) {
		t.Helper()
		want := vectors.Decode[struct {
			Value           *vectors.Dec
			Failure, Reason string
		}](t, output)
		switch {
		case want.Value != nil:
			if got := new(big.Int).SetBytes(r.ret); r.err != nil || got.Cmp(want.Value.Int) != 0 {
				t.Errorf("got %v (%v), want %v", got, r.err, want.Value)
			}
		case want.Failure == "revert-string":
			if !r.reverted() || !bytes.Equal(r.ret, revertString(want.Reason)) {
				t.Errorf("ended with %v %s, want %q", r.err, describe(r.ret), want.Reason)
			}
		default:
			t.Errorf("do not know how to check failure %q", want.Failure)
		}
	}
	gasPrice := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.Decode[input](t, c.Input)
		check(t, c.Output, exposed.call(t, "testReimbursementGasPriceGwei",
			in.TxGasPriceGwei.Int, in.ReasonableGasPriceGwei.Int, in.MaximumGasPriceGwei.Int))
		check(t, c.Output, exposedOCR1.call(t, "testImpliedGasPrice",
			in.TxGasPriceGwei.Int, in.ReasonableGasPriceGwei.Int, in.MaximumGasPriceGwei.Int))
	}
	gasCost := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.Decode[input](t, c.Input)
		check(t, c.Output, exposed.call(t, "testTransmitterGasCostWei",
			in.InitialGas.Int, in.GasPriceGwei.Int, in.CallDataGas.Int, in.AccountingGas.Int, in.LeftGas.Int))
	}
	gasCostOCR1 := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.Decode[input](t, c.Input)
		check(t, c.Output, exposedOCR1.call(t, "testTransmitterGasCostEthWei",
			in.InitialGas.Int, in.GasPriceGwei.Int, in.CallDataGas.Int, in.LeftGas.Int))
	}
	saturatingAdd := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.Decode[input](t, c.Input)
		check(t, c.Output, exposedOCR1.call(t, "testSaturatingAddUint16", in.A, in.B))
	}
	accountingGas := func(t *testing.T, _ vectors.File, c vectors.Case) {
		check(t, c.Output, exposedOCR1.call(t, "testAccountingGasCost"))
	}
	vectors.EachKind(t, "testdata", []string{"contracts-billing.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			in := vectors.Decode[input](t, c.Input)
			return strings.Trim(in.Fn+"/"+in.Family, "/")
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"reimbursementGasPrice":      gasPrice,
			"transmitterGasCostWei/ocr1": gasCostOCR1,
			"transmitterGasCostWei/ocr2": gasCost,
			"saturatingAddUint16/ocr1":   saturatingAdd,
			"accountingGasConstant/ocr1": accountingGas,
		},
	})
}

// TestDescribe keeps the words of failed checks readable.
func TestDescribe(t *testing.T) {
	if got := describe(revertString("stale report")); got != `"stale report"` {
		t.Errorf("described as %s", got)
	}
	if got := describe(hexutil.MustDecode("0x4e487b71")); got != "4e487b71" {
		t.Errorf("described as %s", got)
	}
}
