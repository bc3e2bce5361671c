// Package feed reads prices: from CSV tables, from HTTP JSON sources, and from a table that is built in.
package feed

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// MaxDecimals bounds the decimal places of a feed.
const MaxDecimals = 36

// Bounds of what a feed may hand in.
const (
	maxFeedFile     = 16 << 20 // bytes of a CSV file
	maxFeedResponse = 1 << 20  // bytes of an HTTP response
	maxFeedRows     = 1_000_000
	feedTimeout     = 2 * time.Second
)

//go:embed data/sp500-2000.csv
var builtinCSV []byte

// Builtin is the name of the embedded feed.
const Builtin = "S&P 500 since 2000, daily closes (embedded)"

// Quote is a price at a named moment.
type Quote struct {
	// Label says when, for example a date.
	Label string
	// Price in units of 10^-decimals, where decimals is what Open was given; positive.
	Price *big.Int
}

// Feed is where the oracles of the local network look for prices. It is safe for concurrent use.
type Feed interface {
	// Quote returns the price of step i (0, 1, ...). A recorded feed starts again after its end; a live one ignores i.
	Quote(ctx context.Context, i int) (Quote, error)
	// String says what the feed is.
	String() string
}

// Open opens a feed: the embedded one for "", an HTTP JSON source for a URL, else a CSV file. path says where the price
// is in the JSON, for example "data.price" or "0.close"; empty means that the document is the number, or an object with one
// of the usual members (price, last, close, value, amount, result). Prices have the given number of decimal places, 0 to
// MaxDecimals; further ones in the source are cut off.
func Open(source, path string, decimals int) (Feed, error) {
	if decimals < 0 || decimals > MaxDecimals {
		return nil, fmt.Errorf("feed: %d decimals, want 0 to %d", decimals, MaxDecimals)
	}
	switch {
	case source == "":
		return parseCSV(Builtin, bytes.NewReader(builtinCSV), decimals)
	case strings.HasPrefix(source, "http://"), strings.HasPrefix(source, "https://"):
		return &httpFeed{url: source, path: path, decimals: decimals, client: &http.Client{Timeout: feedTimeout}}, nil
	}
	f, err := os.Open(source)
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	defer f.Close()
	return parseCSV(source, f, decimals)
}

type csvFeed struct {
	name   string
	quotes []Quote
}

// parseCSV reads a table with a header. The price is in the column close, price or value, else in the last one; the label
// is in the first column.
func parseCSV(name string, r io.Reader, decimals int) (Feed, error) {
	limited := &io.LimitedReader{R: r, N: maxFeedFile + 1}
	reader := csv.NewReader(bufio.NewReader(limited))
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("feed %s: no header line: %w", name, err)
	}
	column := priceColumn(header)
	feed := &csvFeed{name: name}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if limited.N <= 0 {
			return nil, fmt.Errorf("feed %s: longer than %d bytes", name, maxFeedFile)
		}
		if err != nil {
			return nil, fmt.Errorf("feed %s: %w", name, err)
		}
		line, _ := reader.FieldPos(column)
		price, err := parsePrice(record[column], decimals)
		if err != nil {
			return nil, fmt.Errorf("feed %s: line %d, column %d: %w", name, line, column+1, err)
		}
		if len(feed.quotes) == maxFeedRows {
			return nil, fmt.Errorf("feed %s: more than %d rows", name, maxFeedRows)
		}
		feed.quotes = append(feed.quotes, Quote{Label: strings.Clone(record[0]), Price: price})
	}
	if len(feed.quotes) == 0 {
		return nil, fmt.Errorf("feed %s: no rows below the header", name)
	}
	return feed, nil
}

func priceColumn(header []string) int {
	for _, want := range []string{"close", "price", "value"} {
		for i, name := range header {
			if strings.EqualFold(strings.TrimSpace(name), want) {
				return i
			}
		}
	}
	return len(header) - 1
}

// parsePrice reads a positive decimal number, with at most 20 digits before the point.
func parsePrice(s string, decimals int) (*big.Int, error) {
	s = strings.TrimSpace(s)
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) > 20 || len(fraction) > 40 {
		return nil, fmt.Errorf("price %.50q has too many digits", s)
	}
	if len(fraction) > decimals {
		fraction = fraction[:decimals]
	}
	digits := whole + fraction + strings.Repeat("0", decimals-len(fraction))
	for _, c := range digits {
		if c < '0' || c > '9' {
			return nil, fmt.Errorf("%.50q is no positive decimal number", s)
		}
	}
	price, ok := new(big.Int).SetString(digits, 10)
	if !ok || price.Sign() <= 0 {
		return nil, fmt.Errorf("%.50q is no positive decimal number", s)
	}
	return price, nil
}

func (f *csvFeed) Quote(_ context.Context, i int) (Quote, error) {
	q := f.quotes[i%len(f.quotes)]
	return Quote{Label: q.Label, Price: new(big.Int).Set(q.Price)}, nil
}

func (f *csvFeed) String() string { return f.name }

// httpFeed asks an HTTP server at each observation.
type httpFeed struct {
	url, path string
	decimals  int
	client    *http.Client
}

func (f *httpFeed) String() string { return f.url }

func (f *httpFeed) Quote(ctx context.Context, _ int) (Quote, error) {
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return Quote{}, fmt.Errorf("feed: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := f.client.Do(request)
	if err != nil {
		return Quote{}, fmt.Errorf("feed: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Quote{}, fmt.Errorf("feed %s: answered %s", f.url, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxFeedResponse+1))
	if err != nil {
		return Quote{}, fmt.Errorf("feed %s: %w", f.url, err)
	}
	if len(body) > maxFeedResponse {
		return Quote{}, fmt.Errorf("feed %s: response is longer than %d bytes", f.url, maxFeedResponse)
	}
	price, err := priceFromJSON(body, f.path, f.decimals)
	if err != nil {
		return Quote{}, fmt.Errorf("feed %s: %w", f.url, err)
	}
	return Quote{Label: time.Now().UTC().Format("15:04:05"), Price: price}, nil
}

// usualMembers are where a price is when nobody says so.
var usualMembers = []string{"price", "last", "close", "value", "amount", "result"}

// priceFromJSON finds a price in a JSON document; path is a dot-separated list of member names and array indices.
func priceFromJSON(body []byte, path string, decimals int) (*big.Int, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("response is no JSON: %w", err)
	}
	if path != "" {
		for _, step := range strings.Split(path, ".") {
			switch v := value.(type) {
			case map[string]any:
				next, ok := v[step]
				if !ok {
					return nil, fmt.Errorf("no member %q on the path %q", step, path)
				}
				value = next
			case []any:
				i, err := strconv.Atoi(step)
				if err != nil || i < 0 || i >= len(v) {
					return nil, fmt.Errorf("no element %q on the path %q (array of %d)", step, path, len(v))
				}
				value = v[i]
			default:
				return nil, fmt.Errorf("nothing below %q on the path %q", step, path)
			}
		}
	} else if object, ok := value.(map[string]any); ok {
		found := false
		for _, name := range usualMembers {
			if v, ok := object[name]; ok {
				value, found = v, true
				break
			}
		}
		if !found {
			return nil, fmt.Errorf("no member named %s; say where the price is, by a path", strings.Join(usualMembers, ", "))
		}
	}
	switch v := value.(type) {
	case json.Number:
		return parsePrice(v.String(), decimals)
	case string:
		return parsePrice(v, decimals)
	}
	return nil, errors.New("the price is neither a number nor a string")
}
