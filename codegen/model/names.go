package model

import (
	"go/token"
	gotypes "go/types"
	"strings"
	"unicode"

	"github.com/ethereum/go-ethereum/accounts/abi"
)

// exported is the exported Go name of a Solidity name; empty if there is nothing in it that Go could use.
func exported(name string) string {
	return abi.ToCamelCase(strings.TrimLeft(strings.ReplaceAll(name, "$", "_"), "_0123456789"))
}

// suggest is the exported Go name that is most like a name.
func suggest(name string) string {
	return exported(strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, name))
}

// reserved are names that generated functions use for themselves, and of the packages that they use.
var reserved = map[string]bool{
	"b": true, "bad": true, "base": true, "budget": true, "data": true, "dst": true, "end": true, "err": true, "n": true,
	"ok": true, "r": true, "start": true, "tail": true, "topics": true, "v": true,
	"bytes": true, "big": true, "common": true, "crypto": true, "errors": true, "fmt": true, "solabi": true, "types": true,
	"uint256": true,
}

// parameter is the Go name of a parameter.
func parameter(name string) string {
	name = exported(name)
	runes := []rune(name)
	for i := range runes {
		// Acronyms at the beginning go down as one: ID -> id, URLText -> urlText.
		if i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) || !unicode.IsUpper(runes[i]) {
			break
		}
		runes[i] = unicode.ToLower(runes[i])
	}
	name = string(runes)
	if token.IsKeyword(name) || reserved[name] || gotypes.Universe.Lookup(name) != nil {
		return name + "_"
	}
	return name
}

// sentinel is the name of the variable for a revert reason: "stale report" is ErrStaleReport.
func sentinel(reason string) string {
	var b strings.Builder
	b.WriteString("Err")
	upper := true
	for _, r := range strings.ReplaceAll(reason, "!=", " not ") {
		switch {
		case r == '&':
			b.WriteString("And")
			upper = true
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) || r > unicode.MaxASCII:
			upper = true
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
