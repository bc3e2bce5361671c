package ocr1types

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"testing"
)

var (
	_ sql.Scanner   = (*ConfigDigest)(nil)
	_ driver.Valuer = ConfigDigest{}
)

func TestDigestText(t *testing.T) {
	digest := ConfigDigest{0: 0xab, 15: 0x01}
	const want = "ab000000000000000000000000000001"
	if digest.Hex() != want || digest.String() != want {
		t.Errorf("got %s and %s, want %s", digest.Hex(), digest.String(), want)
	}
}

func TestDigestLengths(t *testing.T) {
	for length := range 40 {
		digest, err := BytesToConfigDigest(bytes.Repeat([]byte{7}, length))
		if (err == nil) != (length == 16) {
			t.Errorf("%d bytes: %v", length, err)
		}
		if err != nil && digest != (ConfigDigest{}) {
			t.Errorf("%d bytes: an error and a digest", length)
		}
	}
}

func TestDigestInDatabase(t *testing.T) {
	digest := ConfigDigest{1, 2, 3}
	value, err := digest.Value()
	if err != nil {
		t.Fatal(err)
	}
	var read ConfigDigest
	if err := read.Scan(value); err != nil || read != digest {
		t.Errorf("read back %s, %v; want %s", read, err, digest)
	}
	for _, bad := range []any{nil, "", digest.Hex(), 16, []byte{}, make([]byte, 15), make([]byte, 17), make([]byte, 32)} {
		if err := read.Scan(bad); err == nil {
			t.Errorf("%T of a wrong form was taken", bad)
		}
		if read != digest {
			t.Errorf("a refused %T changed the digest", bad)
		}
	}
}

func TestNetworkDigest(t *testing.T) {
	narrow := ConfigDigest{0: 1, 15: 0xff}
	wide := NetworkDigest(narrow)
	const want = "eeee010000000000000000000000000000ff0000000000000000000000000000"
	if wide.Hex() != want {
		t.Errorf("got %s, want %s", wide.Hex(), want)
	}
	if back, err := FromNetworkDigest(wide); err != nil || back != narrow {
		t.Errorf("back: %s, %v", back, err)
	}
	for i := range wide {
		if i >= 2 && i < 18 {
			continue
		}
		bad := wide
		bad[i]++
		if back, err := FromNetworkDigest(bad); err == nil {
			t.Errorf("%s was taken for %s", bad, back)
		}
	}
}
