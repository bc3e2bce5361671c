package keys

import (
	"fmt"
	"log/slog"
)

const redactedText = "[redacted]"

// redacted is embedded in whatever holds a secret, so that no format verb, logger or marshaller shows it.
type redacted struct{}

func (redacted) String() string               { return redactedText }
func (redacted) GoString() string             { return redactedText }
func (redacted) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redactedText)) }
func (redacted) LogValue() slog.Value         { return slog.StringValue(redactedText) }
func (redacted) MarshalText() ([]byte, error) { return []byte(redactedText), nil }
func (redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + redactedText + `"`), nil }
