package ocr1wire_test

import (
	"bytes"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	. "github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire/ocr1pb"
)

// The codec by way of the code generated from the schema: slow and plain. The real one must agree with it on everything.

func referenceEncode(m Message) ([]byte, error) {
	value := func(o Observation) *ocr1pb.Observation { return &ocr1pb.Observation{Value: o[:]} }
	signed := func(o *SignedObservation) *ocr1pb.SignedObservation {
		return &ocr1pb.SignedObservation{Observation: value(o.Observation), Signature: o.Signature}
	}
	attributed := func(list []AttributedObservation) (pb []*ocr1pb.AttributedObservation) {
		for _, o := range list {
			pb = append(pb, &ocr1pb.AttributedObservation{Observation: value(o.Observation), Observer: uint32(o.Observer)})
		}
		return pb
	}
	final := func(m *Final) *ocr1pb.MessageFinal {
		return &ocr1pb.MessageFinal{Epoch: uint64(m.Epoch), Round: uint64(m.Round), Report: &ocr1pb.AttestedReportMany{
			AttributedObservations: attributed(m.AttestedReport.Observations), Signatures: m.AttestedReport.Signatures,
		}}
	}
	wrapper := new(ocr1pb.MessageWrapper)
	switch m := m.(type) {
	case *NewEpoch:
		wrapper.Msg = &ocr1pb.MessageWrapper_MessageNewEpoch{MessageNewEpoch: &ocr1pb.MessageNewEpoch{Epoch: uint64(m.Epoch)}}
	case *ObserveReq:
		wrapper.Msg = &ocr1pb.MessageWrapper_MessageObserveReq{MessageObserveReq: &ocr1pb.MessageObserveReq{
			Epoch: uint64(m.Epoch), Round: uint64(m.Round)}}
	case *Observe:
		wrapper.Msg = &ocr1pb.MessageWrapper_MessageObserve{MessageObserve: &ocr1pb.MessageObserve{
			Epoch: uint64(m.Epoch), Round: uint64(m.Round), SignedObservation: signed(&m.SignedObservation)}}
	case *ReportReq:
		pb := &ocr1pb.MessageReportReq{Epoch: uint64(m.Epoch), Round: uint64(m.Round)}
		for i := range m.Observations {
			pb.AttributedSignedObservations = append(pb.AttributedSignedObservations, &ocr1pb.AttributedSignedObservation{
				SignedObservation: signed(&m.Observations[i].SignedObservation), Observer: uint32(m.Observations[i].Observer)})
		}
		wrapper.Msg = &ocr1pb.MessageWrapper_MessageReportReq{MessageReportReq: pb}
	case *Report:
		wrapper.Msg = &ocr1pb.MessageWrapper_MessageReport{MessageReport: &ocr1pb.MessageReport{
			Epoch: uint64(m.Epoch), Round: uint64(m.Round), Report: &ocr1pb.AttestedReportOne{
				AttributedObservations: attributed(m.AttestedReport.Observations), Signature: m.AttestedReport.Signature}}}
	case *Final:
		wrapper.Msg = &ocr1pb.MessageWrapper_MessageFinal{MessageFinal: final(m)}
	case *FinalEcho:
		wrapper.Msg = &ocr1pb.MessageWrapper_MessageFinalEcho{MessageFinalEcho: &ocr1pb.MessageFinalEcho{Final: final(&m.Final)}}
	default:
		return nil, fmt.Errorf("unknown message %T", m)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(wrapper)
}

func referenceDecode(b []byte) (Message, error) {
	var wrapper ocr1pb.MessageWrapper
	if err := proto.Unmarshal(b, &wrapper); err != nil {
		return nil, err
	}
	value := func(pb *ocr1pb.Observation) (o Observation, err error) {
		if pb == nil || len(pb.Value) != len(o) {
			return o, errors.New("no observation of 24 bytes")
		}
		return Observation(pb.Value), nil
	}
	signed := func(pb *ocr1pb.SignedObservation) (SignedObservation, error) {
		if pb == nil {
			return SignedObservation{}, errors.New("no signed observation")
		}
		o, err := value(pb.Observation)
		return SignedObservation{Observation: o, Signature: nonEmpty(pb.Signature)}, err
	}
	attributed := func(pb []*ocr1pb.AttributedObservation) (list []AttributedObservation, err error) {
		for _, entry := range pb {
			o, err := value(entry.Observation)
			if err != nil {
				return nil, err
			}
			list = append(list, AttributedObservation{Observation: o, Observer: commontypes.OracleID(entry.Observer)})
		}
		if len(list) > ocr1types.MaxOracles {
			return nil, errors.New("too many observations")
		}
		return list, nil
	}
	final := func(pb *ocr1pb.MessageFinal) (m Final, err error) {
		switch {
		case pb == nil:
			return m, errors.New("no final")
		case pb.Report == nil:
			return m, errors.New("no report")
		case len(pb.Report.Signatures) > ocr1types.MaxOracles:
			return m, errors.New("too many signatures")
		}
		m = Final{Epoch: uint32(pb.Epoch), Round: uint8(pb.Round)}
		for _, signature := range pb.Report.Signatures {
			m.AttestedReport.Signatures = append(m.AttestedReport.Signatures, nonEmpty(signature))
		}
		m.AttestedReport.Observations, err = attributed(pb.Report.AttributedObservations)
		return m, err
	}
	switch msg := wrapper.Msg.(type) {
	case *ocr1pb.MessageWrapper_MessageNewEpoch:
		return &NewEpoch{Epoch: uint32(msg.MessageNewEpoch.Epoch)}, nil
	case *ocr1pb.MessageWrapper_MessageObserveReq:
		pb := msg.MessageObserveReq
		return &ObserveReq{uint32(pb.Epoch), uint8(pb.Round)}, nil
	case *ocr1pb.MessageWrapper_MessageObserve:
		pb := msg.MessageObserve
		o, err := signed(pb.SignedObservation)
		return &Observe{uint32(pb.Epoch), uint8(pb.Round), o}, err
	case *ocr1pb.MessageWrapper_MessageReportReq:
		pb := msg.MessageReportReq
		m := &ReportReq{Epoch: uint32(pb.Epoch), Round: uint8(pb.Round)}
		for _, entry := range pb.AttributedSignedObservations {
			o, err := signed(entry.SignedObservation)
			if err != nil {
				return nil, err
			}
			m.Observations = append(m.Observations, AttributedSignedObservation{SignedObservation: o, Observer: commontypes.OracleID(entry.Observer)})
		}
		if len(m.Observations) > ocr1types.MaxOracles {
			return nil, errors.New("too many observations")
		}
		return m, nil
	case *ocr1pb.MessageWrapper_MessageReport:
		pb := msg.MessageReport
		if pb.Report == nil {
			return nil, errors.New("no report")
		}
		list, err := attributed(pb.Report.AttributedObservations)
		return &Report{uint32(pb.Epoch), uint8(pb.Round), AttestedReportOne{list, nonEmpty(pb.Report.Signature)}}, err
	case *ocr1pb.MessageWrapper_MessageFinal:
		m, err := final(msg.MessageFinal)
		return &m, err
	case *ocr1pb.MessageWrapper_MessageFinalEcho:
		m, err := final(msg.MessageFinalEcho.Final)
		return &FinalEcho{m}, err
	}
	return nil, errors.New("no message")
}

func nonEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return bytes.Clone(b)
}
