package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Kinds of tables. The name of a figure says which it is in.
const (
	kindTransmit = "transmit" // reports, a row for each sort of report and number of oracles
	kindConfig   = "config"   // what depends on the number of oracles, a column for each
	kindReads    = "reads"    // views of consumers
	kindDeploy   = "deploy"   // contracts: deployment and size
	kindOther    = "other"
)

var kinds = []string{kindTransmit, kindConfig, kindReads, kindDeploy, kindOther}

// patterns of the names of figures. Before the call there may be the sort of contract ("dynamic ecdsa"), behind it the rules of
// the EVM if they are not the usual ones, and the situation.
var (
	transmitName = regexp.MustCompile(`^((?:.* )?)transmit, n=(\d+) f=(\d+)(?:, (Osaka))?, (.*), (cold|warm)$`)
	configName   = regexp.MustCompile(`^((?:.* )?)(setConfig|setPayees), n=(\d+)(?: f=\d+)?(?:, (Osaka))?(?:, (.*))?$`)
	readName     = regexp.MustCompile(`^(?:latest[A-Za-z]+|get[A-Za-z]+|decimals)$`)
	deployName   = regexp.MustCompile(`^(deploy|size of) (.*)$`)
)

// figure is a number in a snapshot, with what its name says.
type figure struct {
	family, name string
	gas          int

	kind    string
	sort    string // of contract, and of rules; "" if the family has only one
	n       int    // number of oracles, 0 if it does not matter
	faulty  string // how many of them may be
	detail  string // situation, or the contract
	version string // cold or warm, deploy or size
}

func parse(family, name string, gas int) figure {
	f := figure{family: family, name: name, gas: gas, kind: kindOther, detail: name}
	if m := transmitName.FindStringSubmatch(name); m != nil {
		f.kind, f.sort, f.faulty, f.detail, f.version = kindTransmit, sortOf(m[1], m[4]), m[3], m[5], m[6]
		f.n, _ = strconv.Atoi(m[2])
	} else if m := configName.FindStringSubmatch(name); m != nil {
		f.kind, f.sort, f.detail = kindConfig, sortOf(m[1], m[4]), m[2]
		f.n, _ = strconv.Atoi(m[3])
		if m[5] != "" {
			f.detail += ", " + m[5]
		}
	} else if readName.MatchString(name) {
		f.kind = kindReads
	} else if m := deployName.FindStringSubmatch(name); m != nil {
		f.kind, f.version, f.detail = kindDeploy, m[1], m[2]
	}
	return f
}

func sortOf(contract, rules string) string {
	if rules != "" {
		rules = "(" + rules + ")"
	}
	return strings.Join(strings.Fields(contract+" "+rules), " ")
}

// table is one of docs/gas.md.
type table struct {
	kind     string
	text     string
	problems []error
}

// tablesOf are all tables of a family; together they have all its figures.
func tablesOf(family string, figures map[string]int, r *reference) []*table {
	byKind := map[string][]figure{}
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		f := parse(family, name, figures[name])
		byKind[f.kind] = append(byKind[f.kind], f)
	}
	var tables []*table
	for _, kind := range kinds {
		if len(byKind[kind]) == 0 {
			continue
		}
		t := &writer{table: table{kind: kind}, reference: r}
		switch kind {
		case kindTransmit:
			t.transmit(byKind[kind])
		case kindConfig:
			t.config(byKind[kind])
		case kindDeploy:
			t.deploy(byKind[kind])
		default:
			t.plain(byKind[kind])
		}
		t.finish(byKind[kind])
		tables = append(tables, &t.table)
	}
	return tables
}

// writer makes a table.
type writer struct {
	table
	reference *reference
	b         strings.Builder
	rows      [][]string
}

func (w *writer) row(cells ...string) { w.rows = append(w.rows, cells) }

// finish writes the rows, without the columns that are empty but for their titles, and below them why limits are exceeded.
func (w *writer) finish(figures []figure) {
	for column := len(w.rows[0]) - 1; column > 0; column-- {
		if !slices.ContainsFunc(w.rows[1:], func(row []string) bool { return row[column] != "" }) {
			for i, row := range w.rows {
				w.rows[i] = slices.Delete(slices.Clone(row), column, column+1)
			}
		}
	}
	for i, row := range w.rows {
		fmt.Fprintf(&w.b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			w.b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	for _, f := range figures {
		_, over := w.share(f)
		text := w.reference.floorOf(f)
		switch {
		case over && text == "":
			w.problems = append(w.problems, fmt.Errorf("%s: %s costs %s, more than its limit: make it cheaper, or say in gas-reference.json (floors) what cannot be saved",
				f.family, f.name, thousands(f.gas)))
		case over:
			fmt.Fprintf(&w.b, "\n%s: %s\n", strings.ToUpper(f.name[:1])+f.name[1:], text)
		case text != "":
			w.problems = append(w.problems, fmt.Errorf("%s: %s does not exceed its limit: its text in floors says otherwise", f.family, f.name))
		}
	}
	w.text = w.b.String()
}

// share is a figure in percent of the reference's; over says whether that is more than it may be.
func (w *writer) share(f figure) (text string, over bool) {
	theirs, ok := w.reference.gas(f.family, f.name)
	if !ok {
		return "", false
	}
	text = fmt.Sprintf("%.1f %%", 100*float64(f.gas)/float64(theirs))
	if limit, ok := w.reference.limitOf(f); ok && f.gas*100 > theirs*limit {
		return text + " (see below)", true
	}
	return text, false
}

func (w *writer) theirs(f figure) string {
	gas, ok := w.reference.gas(f.family, f.name)
	if !ok {
		return ""
	}
	return thousands(gas)
}

func (w *writer) limit(f figure) string {
	percent, ok := w.reference.limitOf(f)
	if !ok || w.theirs(f) == "" {
		return ""
	}
	return fmt.Sprintf("%d %%", percent)
}

// compare puts figures into the order in which people think of them.
func compare(x, y figure) int {
	dynamic := func(f figure) int { return strings.Count(f.sort, "dynamic") }
	return cmp.Or(cmp.Compare(dynamic(x), dynamic(y)), natural(x.sort, y.sort), cmp.Compare(x.n, y.n), natural(x.detail, y.detail))
}

func (w *writer) transmit(figures []figure) {
	type key struct{ sort, detail, n string }
	cold, warm := map[key]figure{}, map[key]figure{}
	keyOf := func(f figure) key { return key{f.sort, f.detail, strconv.Itoa(f.n)} }
	for _, f := range figures {
		if f.version == "cold" {
			cold[keyOf(f)] = f
		} else {
			warm[keyOf(f)] = f
		}
	}
	all := maps.Clone(warm)
	maps.Copy(all, cold)
	w.row("transmit, f+1 signatures", "cold", "warm", "reference cold", "reference warm", "share (cold)", "limit")
	for _, f := range slices.SortedFunc(maps.Values(all), compare) {
		c, w2 := cold[keyOf(f)], warm[keyOf(f)]
		share, _ := w.share(c)
		label := fmt.Sprintf("%s, n=%d f=%s, %s", f.sort, f.n, f.faulty, f.detail)
		w.row(strings.TrimPrefix(label, ", "), gasOf(c), gasOf(w2), w.theirs(c), w.theirs(w2), share, w.limit(c))
	}
}

func (w *writer) config(figures []figure) {
	sizes := map[int]bool{}
	type key struct{ sort, detail string }
	calls := map[key]map[int]figure{}
	for _, f := range figures {
		k := key{f.sort, f.detail}
		if calls[k] == nil {
			calls[k] = map[int]figure{}
		}
		calls[k][f.n] = f
		sizes[f.n] = true
	}
	ns := slices.Sorted(maps.Keys(sizes))
	titles := []string{"call"}
	for _, before := range []string{"", "reference "} {
		for _, n := range ns {
			titles = append(titles, fmt.Sprintf("%sn=%d", before, n))
			before = ""
		}
	}
	w.row(append(titles, "share", "limit")...)
	order := slices.SortedFunc(maps.Keys(calls), func(x, y key) int {
		return compare(figure{sort: x.sort, detail: callOrder(x.detail)}, figure{sort: y.sort, detail: callOrder(y.detail)})
	})
	for _, k := range order {
		cells := []string{strings.TrimSpace(k.sort + " " + k.detail)}
		var theirs, shares, limits []string
		for _, n := range ns {
			f, ok := calls[k][n]
			if !ok {
				cells, theirs = append(cells, ""), append(theirs, "")
				continue
			}
			cells, theirs = append(cells, gasOf(f)), append(theirs, w.theirs(f))
			share, _ := w.share(f)
			shares, limits = append(shares, share), append(limits, w.limit(f))
		}
		w.row(append(append(cells, theirs...), list(shares), list(limits))...)
	}
}

// callOrder makes first calls come before those that find something there.
func callOrder(detail string) string {
	for i, word := range []string{"setPayees", "setConfig, first", "setConfig, again"} {
		if strings.HasPrefix(detail, word) {
			return strconv.Itoa(i) + detail
		}
	}
	return "9" + detail
}

func (w *writer) deploy(figures []figure) {
	contracts := map[string]map[string]figure{}
	for _, f := range figures {
		if contracts[f.detail] == nil {
			contracts[f.detail] = map[string]figure{}
		}
		contracts[f.detail][f.version] = f
	}
	w.row("contract", "deployment", "bytes (24,576 at most)", "reference deployment", "reference bytes")
	for _, name := range slices.SortedFunc(maps.Keys(contracts), natural) {
		deploy, size := contracts[name]["deploy"], contracts[name]["size of"]
		w.row(name, gasOf(deploy), gasOf(size), w.theirs(deploy), w.theirs(size))
	}
}

func (w *writer) plain(figures []figure) {
	w.row("call", "ours", "reference", "share", "limit")
	for _, f := range slices.SortedFunc(slices.Values(figures), compare) {
		share, _ := w.share(f)
		w.row(f.name, gasOf(f), w.theirs(f), share, w.limit(f))
	}
}

func gasOf(f figure) string {
	if f.name == "" {
		return ""
	}
	return thousands(f.gas)
}

// list joins percentages: "31.6 / 26.6 / 26.0 %".
func list(percents []string) string {
	if !slices.ContainsFunc(percents, func(p string) bool { return p != "" }) {
		return ""
	}
	for i, p := range percents {
		switch {
		case p == "":
			percents[i] = "-"
		case i < len(percents)-1 && percents[i+1] != "":
			percents[i] = strings.Replace(p, " %", "", 1)
		}
	}
	return strings.Join(percents, " / ")
}

func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

var digits = regexp.MustCompile(`\d+|\D+`)

// natural compares texts with numbers in them by the numbers.
func natural(x, y string) int {
	xs, ys := digits.FindAllString(x, -1), digits.FindAllString(y, -1)
	for i := range min(len(xs), len(ys)) {
		a, errA := strconv.Atoi(xs[i])
		b, errB := strconv.Atoi(ys[i])
		c := strings.Compare(xs[i], ys[i])
		if errA == nil && errB == nil {
			c = cmp.Or(cmp.Compare(a, b), c)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(xs), len(ys))
}
