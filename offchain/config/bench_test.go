package config_test

import (
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
)

func BenchmarkLeaderV1(b *testing.B) {
	leaders := config.NewLeadersV1(31, config.Key{1})
	b.ReportAllocs()
	for i := range b.N {
		leaders.Leader(uint32(i))
	}
}

// Asking for one epoch after the other, as a running instance does.
func BenchmarkLeaderV3(b *testing.B) {
	leaders := config.NewLeadersV3(31, config.Key{1})
	b.ReportAllocs()
	for i := range b.N {
		leaders.Leader(uint64(i))
	}
}

func BenchmarkScheduleV1Delay(b *testing.B) {
	s := make([]int, 31)
	for i := range s {
		s[i] = 1
	}
	schedule := config.NewScheduleV1(31, config.Key{1}, make([]byte, 32), config.NewStages(31, s, time.Second))
	b.ReportAllocs()
	for i := range b.N {
		schedule.Delay(uint32(i), 1, 5)
	}
}
