package contracts

import (
	"maps"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"

	"github.com/ocrkit/ocrkit/gen/ocr3/demoblsattestationverifier"
	"github.com/ocrkit/ocrkit/gen/ocr3/demodynamicallydispatchedattestationverifier"
	"github.com/ocrkit/ocrkit/gen/ocr3/demoecdsaattestationverifier"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3blsfeed"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3dynamicallydispatchedblsattestationverifierlib"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3dynamicallydispatchedecdsaattestationverifierlib"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3ecdsafeed"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func init() {
	maps.Copy(contractsByName, map[string]*bind.MetaData{
		"DemoBLSAttestationVerifier":                           &demoblsattestationverifier.DemoBLSAttestationVerifierMetaData,
		"OCR3DynamicallyDispatchedBLSAttestationVerifierLib":   &ocr3dynamicallydispatchedblsattestationverifierlib.OCR3DynamicallyDispatchedBLSAttestationVerifierLibMetaData,
		"DemoDynamicallyDispatchedAttestationVerifier":         &demodynamicallydispatchedattestationverifier.DemoDynamicallyDispatchedAttestationVerifierMetaData,
		"DemoECDSAAttestationVerifier":                         &demoecdsaattestationverifier.DemoECDSAAttestationVerifierMetaData,
		"OCR3DynamicallyDispatchedECDSAAttestationVerifierLib": &ocr3dynamicallydispatchedecdsaattestationverifierlib.OCR3DynamicallyDispatchedECDSAAttestationVerifierLibMetaData,
		"OCR3BLSFeed":   &ocr3blsfeed.OCR3BLSFeedMetaData,
		"OCR3ECDSAFeed": &ocr3ecdsafeed.OCR3ECDSAFeedMetaData,
	})
}

// TestOCR3Scenarios runs the key sets and attestations of both signature schemes, with verifiers that are inherited and with
// verifiers that are called.
func TestOCR3Scenarios(t *testing.T) {
	for _, rules := range []rules{cancun, osaka} {
		t.Run(string(rules), func(t *testing.T) {
			for _, file := range vectors.Files(t, "testdata", "contracts-ocr3-*.json") {
				t.Run(file.Name(), func(t *testing.T) { runScenarios(t, file, rules) })
			}
		})
	}
}
