// Package tieorder sorts short lists and leaves equal elements in an order that
// all oracles of a network agree on.
//
// The order of equal observations is part of what oracles sign, and the oracles
// of existing networks take the order in which Go's unstable sort (sort.Slice,
// slices.SortFunc) leaves them. Go promises nothing about that order: another
// release may change it, and oracles built with different releases would then
// no longer agree. So the algorithm is kept here, as Go has it since release
// 1.19: the pattern-defeating quicksort of Orson Peters ("Pattern-defeating
// Quicksort", arXiv:2106.05123) with insertion sort for up to 12 elements, a
// pivot of three or nine elements, and heap sort when partitions are unbalanced
// too often. The parameters are those of package slices of the Go standard
// library, Copyright 2009 The Go Authors, BSD-style license.
package tieorder

import "math/bits"

// Sort sorts s in place, in ascending order as cmp says. It compares and moves
// elements in one fixed sequence, so that equal elements end up in an order that
// depends only on s and on cmp. Up to 12 elements it is stable.
func Sort[T any](s []T, cmp func(a, b T) int) {
	sorter[T]{s, func(a, b T) bool { return cmp(a, b) < 0 }}.quick(0, len(s), bits.Len(uint(len(s))))
}

const (
	maxInsertion   = 12 // up to this length, insertion sort
	minNinther     = 50 // from this length on, a pivot of nine elements
	maxPivotSwaps  = 12 // when looking for such a pivot
	minMedian      = 8  // and from this on, of three
	minShifted     = 50 // shorter lists are not repaired by shifting
	maxShifts      = 5
	balancedShare  = 8 // a partition is balanced if each side has at least 1/8
	breakPatternsN = 8 // from this length on, an unbalanced list is shuffled
)

type sorter[T any] struct {
	s    []T
	less func(a, b T) bool
}

func (x sorter[T]) lt(i, j int) bool { return x.less(x.s[i], x.s[j]) }
func (x sorter[T]) swap(i, j int)    { x.s[i], x.s[j] = x.s[j], x.s[i] }

// quick sorts s[a:b]. badAllowed is how many more unbalanced partitions there
// may be before it turns to heap sort.
func (x sorter[T]) quick(a, b, badAllowed int) {
	balanced, partitioned := true, true
	for {
		n := b - a
		if n <= maxInsertion {
			x.insertion(a, b)
			return
		}
		if badAllowed == 0 {
			x.heap(a, b)
			return
		}
		if !balanced {
			x.breakPatterns(a, b)
			badAllowed--
		}
		pivot, order := x.choosePivot(a, b)
		if order == descending {
			x.reverse(a, b)
			pivot = (b - 1) - (pivot - a)
			order = ascending
		}
		if balanced && partitioned && order == ascending && x.almostSorted(a, b) {
			return
		}
		// If the element before the range equals the pivot, so does nothing
		// smaller: put the elements equal to the pivot aside.
		if a > 0 && !x.lt(a-1, pivot) {
			a = x.partitionEqual(a, b, pivot)
			continue
		}
		mid, already := x.partition(a, b, pivot)
		partitioned = already
		left, right := mid-a, b-mid
		balanced = min(left, right) >= n/balancedShare
		if left < right {
			x.quick(a, mid, badAllowed)
			a = mid + 1
		} else {
			x.quick(mid+1, b, badAllowed)
			b = mid
		}
	}
}

func (x sorter[T]) insertion(a, b int) {
	for i := a + 1; i < b; i++ {
		for j := i; j > a && x.lt(j, j-1); j-- {
			x.swap(j, j-1)
		}
	}
}

func (x sorter[T]) heap(a, b int) {
	n := b - a
	for i := (n - 1) / 2; i >= 0; i-- {
		x.siftDown(i, n, a)
	}
	for i := n - 1; i >= 0; i-- {
		x.swap(a, a+i)
		x.siftDown(0, i, a)
	}
}

// siftDown restores the heap s[first:first+n] below its element root.
func (x sorter[T]) siftDown(root, n, first int) {
	for {
		child := 2*root + 1
		if child >= n {
			return
		}
		if child+1 < n && x.lt(first+child, first+child+1) {
			child++
		}
		if !x.lt(first+root, first+child) {
			return
		}
		x.swap(first+root, first+child)
		root = child
	}
}

type direction int

const (
	unknown direction = iota
	ascending
	descending
)

// choosePivot returns the index of a pivot for s[a:b], and whether the elements
// looked at were in order or in reverse order.
func (x sorter[T]) choosePivot(a, b int) (int, direction) {
	n := b - a
	swaps := 0
	// med returns the index of the median of three, counting exchanges.
	med := func(i, j, k int) int {
		exchange := func(i, j int) (int, int) {
			if x.lt(j, i) {
				swaps++
				return j, i
			}
			return i, j
		}
		i, j = exchange(i, j)
		j, _ = exchange(j, k)
		_, j = exchange(i, j)
		return j
	}
	i, j, k := a+n/4, a+n/4*2, a+n/4*3
	if n >= minMedian {
		if n >= minNinther {
			i, j, k = med(i-1, i, i+1), med(j-1, j, j+1), med(k-1, k, k+1)
		}
		j = med(i, j, k)
	}
	switch swaps {
	case 0:
		return j, ascending
	case maxPivotSwaps: // which takes nine elements in reverse order
		return j, descending
	}
	return j, unknown
}

func (x sorter[T]) reverse(a, b int) {
	for i, j := a, b-1; i < j; i, j = i+1, j-1 {
		x.swap(i, j)
	}
}

// almostSorted tells whether s[a:b] is sorted, after moving a few elements into
// their places if it is long enough for that.
func (x sorter[T]) almostSorted(a, b int) bool {
	i := a + 1
	for range maxShifts {
		for i < b && !x.lt(i, i-1) {
			i++
		}
		if i == b {
			return true
		}
		if b-a < minShifted {
			return false
		}
		x.swap(i, i-1)
		if i-a >= 2 {
			for j := i - 1; j >= 1 && x.lt(j, j-1); j-- {
				x.swap(j, j-1)
			}
		}
		if b-i >= 2 {
			for j := i + 1; j < b && x.lt(j, j-1); j++ {
				x.swap(j, j-1)
			}
		}
	}
	return false
}

// breakPatterns exchanges three elements around the middle of s[a:b] with others
// drawn by a fixed generator.
func (x sorter[T]) breakPatterns(a, b int) {
	n := b - a
	if n < breakPatternsN {
		return
	}
	seed := uint64(n)
	mask := uint(1)<<bits.Len(uint(n)) - 1
	middle := a + n/4*2 - 1
	for i := range 3 {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		other := int(uint(seed) & mask)
		if other >= n {
			other -= n
		}
		x.swap(middle+i, a+other)
	}
}

// partition puts the pivot between what is less and what is not, and returns
// where it is now and whether nothing had to be exchanged.
func (x sorter[T]) partition(a, b, pivot int) (mid int, already bool) {
	x.swap(a, pivot)
	i, j := a+1, b-1
	advance := func() {
		for i <= j && x.lt(i, a) {
			i++
		}
		for i <= j && !x.lt(j, a) {
			j--
		}
	}
	advance()
	already = i > j
	for i <= j {
		x.swap(i, j)
		i++
		j--
		advance()
	}
	x.swap(j, a)
	return j, already
}

// partitionEqual puts what equals the pivot before what is greater, and returns
// where the latter begins. Nothing is less than the pivot.
func (x sorter[T]) partitionEqual(a, b, pivot int) int {
	x.swap(a, pivot)
	i, j := a+1, b-1
	for {
		for i <= j && !x.lt(a, i) {
			i++
		}
		for i <= j && x.lt(a, j) {
			j--
		}
		if i > j {
			return i
		}
		x.swap(i, j)
		i++
		j--
	}
}
