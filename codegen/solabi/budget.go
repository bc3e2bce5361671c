package solabi

// maxLooseWords bounds what a loose decoder makes out of offsets that overlap: the result has at most that many words more
// than the data.
const maxLooseWords = 1 << 18

// A Budget bounds a loose decoder. Offsets may lead to the same bytes again and again, so that few of them decode to very much.
type Budget struct {
	words int
}

// NewBudget is a budget for data of the given length.
func NewBudget(length int) *Budget {
	return &Budget{maxLooseWords + length/WordSize}
}

// Take takes n elements of size bytes each out of the budget; it returns false if there are not so many left.
func (b *Budget) Take(n, size int) bool {
	words := max(1, size/WordSize)
	if n > b.words/words {
		return false
	}
	b.words -= n * words
	return true
}

// TooMuch is the DecodeError of data whose offsets overlap so that they decode to more than a Budget allows.
func TooMuch(what, field string, offset int) error {
	return &DecodeError{what, field, offset, "overlapping offsets make too much of the data"}
}

// LowOffset reads the offset of an array of fixed length as go-ethereum's abi package does: of the word only the last 8 bytes.
func LowOffset(w []byte, limit int) (n int, ok bool) {
	v := limbsOf(w).d
	return int(v), v <= uint64(max(limit, 0))
}
