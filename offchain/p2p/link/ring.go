package link

// minRing is how many elements a ring makes room for at first.
const minRing = 4

// Ring is a queue of bounded length: when it is full, the oldest element gives way. Memory grows with use, up to the capacity.
type Ring[T any] struct {
	buf      []T
	first    int // index of the oldest
	len      int
	capacity int
}

// NewRing returns an empty ring. A capacity below 1 counts as 1.
func NewRing[T any](capacity int) Ring[T] { return Ring[T]{capacity: max(capacity, 1)} }

// Len returns the number of elements.
func (r *Ring[T]) Len() int { return r.len }

// Capacity returns the largest number of elements.
func (r *Ring[T]) Capacity() int { return r.capacity }

// Push appends v. If the ring was full it returns the oldest element, which has given way, and true.
func (r *Ring[T]) Push(v T) (evicted T, full bool) {
	if r.len == r.capacity {
		evicted, _ = r.Pop()
		full = true
	}
	if r.len == len(r.buf) {
		r.resize(min(max(2*len(r.buf), minRing), r.capacity))
	}
	r.buf[r.index(r.len)] = v
	r.len++
	return evicted, full
}

// Pop removes the oldest element and returns it; false if there is none.
func (r *Ring[T]) Pop() (v T, ok bool) {
	if r.len == 0 {
		return v, false
	}
	var zero T
	v, r.buf[r.first] = r.buf[r.first], zero // keep no reference
	r.first = r.index(1)
	r.len--
	return v, true
}

// Front returns the oldest element without removing it; false if there is none.
func (r *Ring[T]) Front() (v T, ok bool) {
	if r.len == 0 {
		return v, false
	}
	return r.buf[r.first], true
}

// SetCapacity changes the capacity and returns how many of the oldest elements gave way.
func (r *Ring[T]) SetCapacity(capacity int) (dropped int) {
	r.capacity = max(capacity, 1)
	for r.len > r.capacity {
		r.Pop()
		dropped++
	}
	if len(r.buf) > r.capacity {
		r.resize(r.capacity)
	}
	return dropped
}

// index returns where the element that has i older ones is.
func (r *Ring[T]) index(i int) int {
	i += r.first
	if i >= len(r.buf) {
		i -= len(r.buf)
	}
	return i
}

func (r *Ring[T]) resize(n int) {
	buf := make([]T, n)
	for i := range r.len {
		buf[i] = r.buf[r.index(i)]
	}
	r.buf, r.first = buf, 0
}
