package config

import "time"

// Metric is one number of a config for monitoring.
type Metric struct {
	Name  string // full name, prefix included
	Help  string
	Value float64 // durations are in seconds
}

// MetricPrefix begins the names of a version's metrics.
type MetricPrefix string

// Number makes a metric.
func (p MetricPrefix) Number(name string, value float64, help string) Metric {
	return Metric{Name: string(p) + name, Help: help, Value: value}
}

// Seconds makes a metric of a duration; its name ends with the unit.
func (p MetricPrefix) Seconds(name string, d time.Duration, help string) Metric {
	return p.Number(name+"_seconds", d.Seconds(), help)
}
