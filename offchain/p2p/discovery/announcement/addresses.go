package announcement

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// OwnAddresses returns the addresses to announce, from the configured ones in their order. An address with a specified ip is
// taken as it is; an unspecified one (0.0.0.0, [::]) stands for those that interfaces returns for its family, with its port.
// Duplicates are left out. dropped is the number of addresses beyond MaxAddresses, which are left out too.
//
// It fails when a configured address is not of the form ip:port, and when interfaces fails and no address is specified;
// interfaces is called at most once. The result may be empty: when there is no interface of the wanted family.
func OwnAddresses(
	configured []string, interfaces func() (v4, v6 []netip.Addr, err error),
) (addresses []p2ptypes.Address, dropped int, err error) {
	var v4, v6 []netip.Addr
	var interfacesErr error
	listed := false
	add := func(address string) {
		if !slices.Contains(addresses, p2ptypes.Address(address)) {
			addresses = append(addresses, p2ptypes.Address(address))
		}
	}
	for i, text := range configured {
		address, err := parseAddress(text)
		if err != nil {
			return nil, 0, fmt.Errorf("announce address %d: %w", i, err)
		}
		if !address.Addr().IsUnspecified() {
			add(text)
			continue
		}
		if !listed {
			v4, v6, interfacesErr = interfaces()
			listed = true
		}
		if interfacesErr != nil {
			continue
		}
		ips := v6
		if address.Addr().Is4() {
			ips = v4
		}
		for _, ip := range ips {
			add(netip.AddrPortFrom(ip, address.Port()).String())
		}
	}
	if interfacesErr != nil && len(addresses) == 0 {
		return nil, 0, fmt.Errorf("cannot find out about the interfaces of this machine, and no specific address is configured: %w", interfacesErr)
	}
	if len(addresses) > MaxAddresses {
		dropped = len(addresses) - MaxAddresses
		addresses = addresses[:MaxAddresses]
	}
	return addresses, dropped, nil
}

// SplitInterfaces reads interface addresses, each an ip with or without prefix length, and returns them by family in the
// order in which they are announced: public ones, then private and link-local ones, then loopback; by text among themselves.
func SplitInterfaces(texts []string) (v4, v6 []netip.Addr, err error) {
	for _, text := range texts {
		ip, err := parseInterface(text)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("interface address %q: %w", text, err)
		case ip.Is4():
			v4 = append(v4, ip)
		default:
			v6 = append(v6, ip)
		}
	}
	for _, ips := range [][]netip.Addr{v4, v6} {
		slices.SortFunc(ips, func(a, b netip.Addr) int {
			return cmp.Or(cmp.Compare(reach(a), reach(b)), cmp.Compare(a.String(), b.String()))
		})
	}
	return v4, v6, nil
}

func parseInterface(text string) (netip.Addr, error) {
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		return prefix.Addr(), err
	}
	ip, err := netip.ParseAddr(text)
	if err == nil && ip.Zone() != "" {
		err = errors.New("it has a zone")
	}
	return ip, err
}

// reach orders addresses by from how near they can be reached, the farthest first.
func reach(ip netip.Addr) int {
	switch {
	case ip.IsLoopback():
		return 2
	case ip.IsPrivate() || ip.IsLinkLocalUnicast():
		return 1
	}
	return 0
}
