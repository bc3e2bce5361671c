package ocr3keyring_test

import (
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Four oracles, of which one may be faulty: what the contract is given when it is configured, and what it is given with a report.
func Example() {
	var keyrings []*ocr3keyring.Keyring[struct{}]
	var publicKeys []types.OnchainPublicKey
	for i := range 4 {
		private, err := crypto.ToECDSA(crypto.Keccak256([]byte{byte(i)})) // a real key is random
		if err != nil {
			panic(err)
		}
		key, err := keys.NewEVMKey(private)
		if err != nil {
			panic(err)
		}
		keyring, err := ocr3keyring.NewECDSA[struct{}](key)
		if err != nil {
			panic(err)
		}
		keyrings = append(keyrings, keyring)
		publicKeys = append(publicKeys, keyring.PublicKey())
	}

	keyList, err := ocr3keyring.ECDSA.KeyList(publicKeys)
	if err != nil {
		panic(err)
	}
	fmt.Println("key list:", len(keyList), "bytes")

	configDigest := types.ConfigDigest{0x00, 0x01}
	const seqNr = 7
	report := ocr3types.ReportWithInfo[struct{}]{Report: types.Report("42")}
	var signatures []types.AttributedOnchainSignature
	for _, i := range []int{3, 1} {
		signature, err := keyrings[i].Sign(configDigest, seqNr, report)
		if err != nil {
			panic(err)
		}
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(i)})
	}
	attestation, err := ocr3keyring.ECDSA.Attestation(4, 1, signatures)
	if err != nil {
		panic(err)
	}
	fmt.Printf("attestation: %d bytes, by %x\n", len(attestation), attestation[:4])

	hash := ocr3keyring.ReportHash(configDigest, seqNr, report.Report)
	fmt.Println("valid:", ocr3keyring.ECDSA.VerifyAttestation(publicKeys, 1, hash, attestation))
	hash = ocr3keyring.ReportHash(configDigest, seqNr+1, report.Report)
	fmt.Println("replayed:", ocr3keyring.ECDSA.VerifyAttestation(publicKeys, 1, hash, attestation))
	// Output:
	// key list: 80 bytes
	// attestation: 132 bytes, by 0000000a
	// valid: <nil>
	// replayed: reverted: InvalidAttestationNumberOfSignatures()
}
