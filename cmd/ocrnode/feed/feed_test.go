package feed

import (
	"context"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBuiltinFeed(t *testing.T) {
	feed, err := Open("", "", 8)
	if err != nil {
		t.Fatal(err)
	}
	first, err := feed.Quote(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if first.Label != "2000-01-03" || first.Price.String() != "145521997100" {
		t.Errorf("first quote is %s %s, want 2000-01-03 145521997100", first.Label, first.Price)
	}
	n := len(feed.(*csvFeed).quotes)
	again, err := feed.Quote(context.Background(), n)
	if err != nil || again.Label != first.Label {
		t.Errorf("quote %d is %v (%v), want the first one again", n, again, err)
	}
}

func TestCSVErrorsNameTheLine(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"empty":         {"", "no header line"},
		"header only":   {"date,close\n", "no rows"},
		"garbage price": {"date,close\na,1.5\nb,hello\n", "line 3, column 2"},
		"negative":      {"date,close\na,-1.5\n", "line 2, column 2"},
		"ragged":        {"date,close\na,1.5,7\n", "line 2"},
		"zero":          {"date,close\na,0.000\n", "no positive decimal number"},
		"exponent":      {"date,close\na,1e9\n", "no positive decimal number"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "feed.csv")
			if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(file, "", 8)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestPriceFromJSON(t *testing.T) {
	for _, c := range []struct{ body, path, want, fails string }{
		{`{"price": 12.5}`, "", "1250000000", ""},
		{`{"price": "12.5"}`, "", "1250000000", ""},
		{`7`, "", "700000000", ""},
		{`{"data":[{"close":"1.000000019"}]}`, "data.0.close", "100000001", ""},
		{`{"data":[]}`, "data.0.close", "", "array of 0"},
		{`{"data":1}`, "data.x", "", "nothing below"},
		{`{"a":1}`, "", "", "by a path"},
		{`{"a":1}`, "b", "", `no member "b"`},
		{`{"price":true}`, "", "", "neither"},
		{`<html>`, "", "", "no JSON"},
		{`{"price":-4}`, "", "", "positive"},
	} {
		got, err := priceFromJSON([]byte(c.body), c.path, 8)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s at %q: got %v, %v, want an error with %q", c.body, c.path, got, err, c.fails)
			}
			continue
		}
		if err != nil || got.String() != c.want {
			t.Errorf("%s at %q: got %v, %v, want %s", c.body, c.path, got, err, c.want)
		}
	}
}

func TestHTTPFeed(t *testing.T) {
	var answer func(http.ResponseWriter)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
	defer server.Close()
	feed, err := Open(server.URL, "", 8)
	if err != nil {
		t.Fatal(err)
	}

	answer = func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"price": 99.5}`)) }
	q, err := feed.Quote(context.Background(), 0)
	if err != nil || q.Price.Cmp(big.NewInt(9950000000)) != 0 {
		t.Errorf("got %v, %v, want 9950000000", q, err)
	}
	answer = func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }
	if _, err := feed.Quote(context.Background(), 0); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("got %v, want an error with the status", err)
	}
	answer = func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, maxFeedResponse+1)) }
	if _, err := feed.Quote(context.Background(), 0); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("got %v, want an error about the length", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := feed.Quote(ctx, 0); err == nil {
		t.Error("a cancelled context gives no error")
	}
}

func FuzzPriceFromJSON(f *testing.F) {
	f.Add([]byte(`{"price": 1.5}`), "")
	f.Add([]byte(`[[{"x":"1"}]]`), "0.0.x")
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		price, err := priceFromJSON(body, path, 8)
		if (err == nil) != (price != nil && price.Sign() > 0) {
			t.Fatalf("price %v, error %v", price, err)
		}
	})
}
