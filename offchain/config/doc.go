// Package config holds what the configs of all protocol versions have in common: the encrypted shared secret, the checks
// of the oracles' identities, the keys derived from the secret, leaders and transmission schedules, the check of a config
// digest, and the vocabulary in which a config is refused.
//
// Each version of the protocol has a package of its own below this one for its bytes and its rules: ocr2config for OCR2.
// Package netconfig finds out from the version number which of them reads a given config.
//
// Two kinds of callers meet here. A running oracle decodes a config that somebody else set: what it accepts must be exactly
// what every other oracle accepts, so the decoders check neither more nor less than the protocol's rules. A tool that
// composes a config should be told everything that is wrong with it at once: so the decoders report all broken rules, in
// the order of the rules, as values of type [Violation] joined into one error, and the linters beside them add what is
// legal but not sensible as values of type [Finding].
//
// Everything here is pure. Values are safe for concurrent use unless their documentation says otherwise.
//
// Source: docs/protocol/ocr2.md, sections "Configuration", "Keys, leaders and schedules" and "Limits".
package config

// Values of ContractConfig.OffchainConfigVersion (OCR1: EncodedConfigVersion). The number decides how the bytes of the
// config are read and which protocol runs.
const (
	OCR1Version  uint64 = 1
	OCR2Version  uint64 = 2
	OCR3Version  uint64 = 30 // OCR3 and Mercury
	OCR31Version uint64 = 310
)

// Limits that the configs of all versions from OCR2 on share.
const (
	// MaxOffchainConfigLength is the largest number of bytes of an offchain config. Longer ones are refused unread.
	MaxOffchainConfigLength = 2_000_000
	// MaxScheduleLength is the largest number of stages in a transmission schedule S.
	MaxScheduleLength = 999
	// MaxScheduleElement is the largest number of oracles in one stage of a transmission schedule S.
	MaxScheduleElement = 31
)
