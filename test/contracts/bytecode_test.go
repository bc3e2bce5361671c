package contracts

import (
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr1/accesscontrolledoffchainaggregator"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/gen/ocr1/testing/exposedoffchainaggregator"
	"github.com/ocrkit/ocrkit/gen/ocr1/testing/testoffchainaggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/accesscontrolledocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocrconfigurationstoreevmsimple"
	"github.com/ocrkit/ocrkit/gen/ocr2/simplereadaccesscontroller"
	"github.com/ocrkit/ocrkit/gen/ocr2/simplewriteaccesscontroller"
	"github.com/ocrkit/ocrkit/gen/ocr2/testing/exposedocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/testing/linktoken"
	"github.com/ocrkit/ocrkit/gen/ocr2/testing/testocr2aggregator"
)

// contractsByName holds the contracts as the generator wrote them down: ABI and creation code.
var contractsByName = map[string]*bind.MetaData{
	"AccessControlledOCR2Aggregator":     &accesscontrolledocr2aggregator.AccessControlledOCR2AggregatorMetaData,
	"AccessControlledOffchainAggregator": &accesscontrolledoffchainaggregator.AccessControlledOffchainAggregatorMetaData,
	"ExposedOffchainAggregator":          &exposedoffchainaggregator.ExposedOffchainAggregatorMetaData,
	"OffchainAggregator":                 &offchainaggregator.OffchainAggregatorMetaData,
	"TestOffchainAggregator":             &testoffchainaggregator.TestOffchainAggregatorMetaData,
	"ExposedOCR2Aggregator":              &exposedocr2aggregator.ExposedOCR2AggregatorMetaData,
	"LinkToken":                          &linktoken.LinkTokenMetaData,
	"OCR2Aggregator":                     &ocr2aggregator.OCR2AggregatorMetaData,
	"OCRConfigurationStoreEVMSimple":     &ocrconfigurationstoreevmsimple.OCRConfigurationStoreEVMSimpleMetaData,
	"SimpleReadAccessController":         &simplereadaccesscontroller.SimpleReadAccessControllerMetaData,
	"SimpleWriteAccessController":        &simplewriteaccesscontroller.SimpleWriteAccessControllerMetaData,
	"TestOCR2Aggregator":                 &testocr2aggregator.TestOCR2AggregatorMetaData,
}

func metaData(t testing.TB, name string) *bind.MetaData {
	t.Helper()
	m, ok := contractsByName[name]
	if !ok {
		t.Fatalf("there is no contract %q", name)
	}
	return m
}

// creationCode returns the creation code of a contract, by its name.
func creationCode(t testing.TB, name string) []byte {
	t.Helper()
	code := common.FromHex(metaData(t, name).Bin)
	if len(code) == 0 {
		t.Fatalf("contract %q has no code", name)
	}
	return code
}
