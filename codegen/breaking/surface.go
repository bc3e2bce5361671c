package breaking

// SurfaceVersion is the version of the shape of Surface. Surfaces of revisions are kept in files, which other versions of
// this package must not read.
const SurfaceVersion = 2

// Surface is what others can rely on, of all contracts of a project.
type Surface struct {
	Version   int
	Contracts []*Contract // by name
	Packages  []*Package  // by path
	Notes     []string    // what could not be read, and so is not compared
}

// Contract is what a contract shows to callers, readers of logs, and its own successor behind a proxy.
type Contract struct {
	Name        string
	Pos         string // file:line
	Kind        string // contract, abstract, interface, library
	Upgradeable bool   // proxies may run it
	Constructor *Function
	Functions   []*Function // by signature; receive and fallback are among them
	Events      []*Event    // by signature
	Errors      []*Event    // by signature
	Storage     []*Variable // by place; nil if the compiler was not asked
	HasStorage  bool        // the compiler was asked
}

// Function is a function of the ABI.
type Function struct {
	Name       string
	Signature  string // canonical; "receive()" and "fallback()" for those two
	Selector   string
	Mutability string // pure, view, nonpayable, payable
	Inputs     []Field
	Outputs    []Field
	Tags       []string // of ocr-set-config, ocr-transmit, ocr-call
	Pos        string
}

// Event is an event, or an error, which has the same shape.
type Event struct {
	Name      string
	Signature string
	Anonymous bool
	Fields    []Field
	Pos       string
}

// Field is a parameter, a result, or a member of a struct.
type Field struct {
	Name    string
	Type    *Type
	Indexed bool   `json:",omitempty"`
	Pos     string `json:",omitempty"`
	Only    string `json:",omitempty"` // the only value that a field of a packed struct has
}

// Type is a type of the ABI.
type Type struct {
	Name   string  // canonical, as in signatures
	Shown  string  // as in the source, where that says more: struct Price[], enum Status
	Kind   string  // uint, int, bool, address, fixedbytes, bytes, string, array, slice, tuple
	Bits   int     `json:",omitempty"`
	Size   int     `json:",omitempty"` // of bytesN, T[N]
	Elem   *Type   `json:",omitempty"`
	Fields []Field `json:",omitempty"` // of a struct
	Enum   *Enum   `json:",omitempty"` // the ABI sees it as uint8
}

// Enum is an enumeration.
type Enum struct {
	Size    int
	Members []string `json:",omitempty"` // where they are known
}

// Package is what offchain code and contracts of an ocrgen package agree about by tags.
type Package struct {
	Path      string
	Contracts []string
	Layouts   []*Layout
	Constants []*Constant
	Reasons   []*Reason
}

// Layout is a tagged struct, or the preimage of a digest or another hash.
type Layout struct {
	Kind   string // report, packed, onchain-config, digest, hash
	Name   string
	Tuple  bool `json:",omitempty"` // a report that is encoded as one struct, behind an offset word if it is dynamic
	Bytes  int  `json:",omitempty"` // of a digest or a hash
	Pos    string
	Fields []Field
	Prefix *Prefix `json:",omitempty"` // of a digest
}

// Prefix is what stands over the first bytes of a digest.
type Prefix struct {
	Name  string
	Value string
	Bytes int
}

// Constant is a tagged constant.
type Constant struct {
	Name   string
	Type   string
	Value  string
	Pos    string
	Prefix bool
}

// Reason is a reason in a require or revert.
type Reason struct {
	Text  string
	In    string // Contract.function
	Where []string
}

// Variable is a variable in storage, or a member of a struct there.
type Variable struct {
	Name   string
	Slot   string // decimal; within the struct if it is a member
	Offset int    // from the low end of the slot, in bytes
	In     string // contract that declares it
	Type   *StorageType
	Pos    string
}

// StorageType is a type as it lies in storage.
type StorageType struct {
	Name     string       // as in the source
	Encoding string       // inplace, mapping, dynamic_array, bytes; "recursive" for a struct within itself
	Bytes    string       // decimal
	Base     *StorageType `json:",omitempty"`
	Key      *StorageType `json:",omitempty"`
	Value    *StorageType `json:",omitempty"`
	Members  []*Variable  `json:",omitempty"`
	Enum     []string     `json:",omitempty"`
	Bits     string       `json:",omitempty"` // what the bytes mean: uint32, address, bytes4, ...
}
