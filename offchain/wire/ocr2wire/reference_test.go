package ocr2wire_test

import (
	"bytes"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	. "github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire/ocr2pb"
)

// The codec by way of the code generated from the schema: slow and plain. The real one must agree with it on everything.

func referenceEncode(m Message) ([]byte, error) {
	wrapper := new(ocr2pb.MessageWrapper)
	signed := func(o *SignedObservation) *ocr2pb.SignedObservation {
		return &ocr2pb.SignedObservation{Observation: o.Observation, Signature: o.Signature}
	}
	final := func(m *Final) *ocr2pb.MessageFinal {
		pb := &ocr2pb.MessageFinal{Epoch: uint64(m.Epoch), Round: uint32(m.Round), H: m.H[:]}
		pb.AttestedReport = &ocr2pb.AttestedReportMany{Report: m.AttestedReport.Report}
		for _, s := range m.AttestedReport.AttributedSignatures {
			pb.AttestedReport.AttributedSignatures = append(pb.AttestedReport.AttributedSignatures,
				&ocr2pb.AttributedSignature{Signature: s.Signature, Signer: uint32(s.Signer)})
		}
		return pb
	}
	switch m := m.(type) {
	case *NewEpoch:
		wrapper.Msg = &ocr2pb.MessageWrapper_MessageNewEpoch{MessageNewEpoch: &ocr2pb.MessageNewEpoch{Epoch: uint64(m.Epoch)}}
	case *ObserveReq:
		wrapper.Msg = &ocr2pb.MessageWrapper_MessageObserveReq{MessageObserveReq: &ocr2pb.MessageObserveReq{
			Epoch: uint64(m.Epoch), Round: uint32(m.Round), Query: m.Query}}
	case *Observe:
		wrapper.Msg = &ocr2pb.MessageWrapper_MessageObserve{MessageObserve: &ocr2pb.MessageObserve{
			Epoch: uint64(m.Epoch), Round: uint32(m.Round), SignedObservation: signed(&m.SignedObservation)}}
	case *ReportReq:
		pb := &ocr2pb.MessageReportReq{Epoch: uint64(m.Epoch), Round: uint32(m.Round), Query: m.Query}
		for i := range m.Observations {
			pb.AttributedSignedObservations = append(pb.AttributedSignedObservations, &ocr2pb.AttributedSignedObservation{
				SignedObservation: signed(&m.Observations[i].SignedObservation), Observer: uint32(m.Observations[i].Observer)})
		}
		wrapper.Msg = &ocr2pb.MessageWrapper_MessageReportReq{MessageReportReq: pb}
	case *Report:
		wrapper.Msg = &ocr2pb.MessageWrapper_MessageReport{MessageReport: &ocr2pb.MessageReport{
			Epoch: uint64(m.Epoch), Round: uint32(m.Round), AttestedReport: &ocr2pb.AttestedReportOne{
				Skip: m.AttestedReport.Skip, Report: m.AttestedReport.Report, Signature: m.AttestedReport.Signature}}}
	case *Final:
		wrapper.Msg = &ocr2pb.MessageWrapper_MessageFinal{MessageFinal: final(m)}
	case *FinalEcho:
		wrapper.Msg = &ocr2pb.MessageWrapper_MessageFinalEcho{MessageFinalEcho: &ocr2pb.MessageFinalEcho{Final: final(&m.Final)}}
	default:
		return nil, fmt.Errorf("unknown message %T", m)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(wrapper)
}

func referenceDecode(b []byte) (Message, error) {
	var wrapper ocr2pb.MessageWrapper
	if err := proto.Unmarshal(b, &wrapper); err != nil {
		return nil, err
	}
	signed := func(pb *ocr2pb.SignedObservation) SignedObservation {
		return SignedObservation{Observation: nonEmpty(pb.Observation), Signature: nonEmpty(pb.Signature)}
	}
	final := func(pb *ocr2pb.MessageFinal) (m Final, err error) {
		if pb == nil {
			return m, errors.New("no final")
		}
		if pb.AttestedReport == nil {
			return m, errors.New("no attested report")
		}
		if len(pb.H) != 32 {
			return m, errors.New("h is not 32 bytes")
		}
		m = Final{Epoch: uint32(pb.Epoch), Round: uint8(pb.Round), H: [32]byte(pb.H)}
		m.AttestedReport.Report = nonEmpty(pb.AttestedReport.Report)
		for _, s := range pb.AttestedReport.AttributedSignatures {
			m.AttestedReport.AttributedSignatures = append(m.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signature: nonEmpty(s.Signature), Signer: commontypes.OracleID(s.Signer)})
		}
		if len(m.AttestedReport.AttributedSignatures) > types.MaxOracles {
			return m, errors.New("too many signatures")
		}
		return m, nil
	}
	switch msg := wrapper.Msg.(type) {
	case *ocr2pb.MessageWrapper_MessageNewEpoch:
		return &NewEpoch{Epoch: uint32(msg.MessageNewEpoch.Epoch)}, nil
	case *ocr2pb.MessageWrapper_MessageObserveReq:
		pb := msg.MessageObserveReq
		return &ObserveReq{uint32(pb.Epoch), uint8(pb.Round), nonEmpty(pb.Query)}, nil
	case *ocr2pb.MessageWrapper_MessageObserve:
		pb := msg.MessageObserve
		if pb.SignedObservation == nil {
			return nil, errors.New("no signed observation")
		}
		return &Observe{uint32(pb.Epoch), uint8(pb.Round), signed(pb.SignedObservation)}, nil
	case *ocr2pb.MessageWrapper_MessageReportReq:
		pb := msg.MessageReportReq
		m := &ReportReq{Epoch: uint32(pb.Epoch), Round: uint8(pb.Round), Query: nonEmpty(pb.Query)}
		for _, o := range pb.AttributedSignedObservations {
			if o.SignedObservation == nil {
				return nil, errors.New("an entry without signed observation")
			}
			m.Observations = append(m.Observations, AttributedSignedObservation{
				SignedObservation: signed(o.SignedObservation), Observer: commontypes.OracleID(o.Observer)})
		}
		if len(m.Observations) > types.MaxOracles {
			return nil, errors.New("too many observations")
		}
		return m, nil
	case *ocr2pb.MessageWrapper_MessageReport:
		pb := msg.MessageReport
		if pb.AttestedReport == nil {
			return nil, errors.New("no attested report")
		}
		return &Report{uint32(pb.Epoch), uint8(pb.Round), AttestedReportOne{
			pb.AttestedReport.Skip, nonEmpty(pb.AttestedReport.Report), nonEmpty(pb.AttestedReport.Signature)}}, nil
	case *ocr2pb.MessageWrapper_MessageFinal:
		m, err := final(msg.MessageFinal)
		if err != nil {
			return nil, err
		}
		return &m, nil
	case *ocr2pb.MessageWrapper_MessageFinalEcho:
		m, err := final(msg.MessageFinalEcho.Final)
		if err != nil {
			return nil, err
		}
		return &FinalEcho{m}, nil
	}
	return nil, errors.New("no message")
}

func nonEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return bytes.Clone(b)
}
