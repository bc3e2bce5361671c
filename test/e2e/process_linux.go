package e2e

import "syscall"

// processAttributes make a child end with the thread that started it, so that none outlives a killed test.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
