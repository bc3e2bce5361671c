package typescript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// abiLiteral is an ABI as a literal of TypeScript, an entry a line where that is not too long.
func abiLiteral(abi json.RawMessage) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(abi))
	decoder.UseNumber()
	v, err := readValue(decoder)
	if err != nil {
		return "", fmt.Errorf("abi: %w", err)
	}
	entries, ok := v.([]any)
	if !ok {
		return "", fmt.Errorf("abi: it is no array")
	}
	if len(entries) == 0 {
		return "[]", nil
	}
	var b strings.Builder
	b.WriteString("[\n")
	for _, entry := range entries {
		b.WriteString("  ")
		literal(&b, entry, "  ")
		b.WriteString(",\n")
	}
	b.WriteString("]")
	return b.String(), nil
}

// member is an entry of a JSON object; objects keep the order that they were written in.
type member struct {
	name  string
	value any
}

func readValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			v, err := readValue(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := decoder.Token()
		return list, err
	case json.Delim('{'):
		object := []member{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			v, err := readValue(decoder)
			if err != nil {
				return nil, err
			}
			object = append(object, member{name.(string), v})
		}
		_, err := decoder.Token()
		return object, err
	}
	return token, nil
}

// literal writes a value: on the rest of the line if it fits, else its parts on lines of their own.
func literal(b *strings.Builder, v any, indent string) {
	column := len(b.String()) - strings.LastIndexByte(b.String(), '\n') - 1
	short := flat(v)
	if column+len(short)+1 <= maxLine {
		b.WriteString(short)
		return
	}
	deeper := indent + "  "
	switch v := v.(type) {
	case []any:
		b.WriteString("[\n")
		for _, item := range v {
			b.WriteString(deeper)
			literal(b, item, deeper)
			b.WriteString(",\n")
		}
		b.WriteString(indent + "]")
	case []member:
		b.WriteString("{\n")
		for _, m := range v {
			b.WriteString(deeper + m.name + ": ")
			literal(b, m.value, deeper)
			b.WriteString(",\n")
		}
		b.WriteString(indent + "}")
	default:
		b.WriteString(short)
	}
}

// flat is a value on one line.
func flat(v any) string {
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = flat(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []member:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = m.name + ": " + flat(m.value)
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case string:
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(v) + "'"
	}
	return fmt.Sprint(v)
}
