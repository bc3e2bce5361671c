package netfile

import (
	"strings"
	"testing"
)

// TestHostileFiles feeds what is made to take long: each must be refused by the time the test's own deadline allows.
func TestHostileFiles(t *testing.T) {
	fill := func(text string) []byte { return []byte(strings.Repeat(text, (MaxBytes-100)/len(text))) }
	var bomb strings.Builder
	bomb.WriteString("version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 30; i++ {
		name := func(i int) string { return "a" + strings.Repeat("i", i) }
		bomb.WriteString(name(i) + ": &" + name(i) + " [" + strings.Repeat("*"+name(i-1)+", ", 9) + "*" + name(i-1) + "]\n")
	}
	for name, content := range map[string][]byte{
		"nested lists":     fill("["),
		"nested mappings":  fill("{a: "),
		"nested blocks":    fill("- "),
		"many fields":      fill("a: 1\n"),
		"many oracles":     append([]byte("oracles:\n"), fill("- {}\n")...),
		"many stages":      append([]byte("config:\n  s: ["), append(fill("1, "), "1]\n"...)...),
		"aliases of lists": []byte(bomb.String()),
		"long text":        append([]byte("name: "), fill("x")...),
		"long key":         append(fill("x"), ": 1\n"...),
		"long number":      append([]byte("contract:\n  minAnswer: "), fill("9")...),
		"no text":          fill("\x00"),
		"not UTF-8":        fill("\xff"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(content); err == nil {
				t.Error("accepted")
			} else if len(err.Error()) > 20_000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}
