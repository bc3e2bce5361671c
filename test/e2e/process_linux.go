package e2e

import (
	"os/exec"
	"syscall"
)

// EndWithParent makes a child that is yet to be started end with the thread that starts it, so that none outlives a killed test.
// The starter keeps that thread (runtime.LockOSThread) until the child has ended. Only Linux has this.
func EndWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = processAttributes() }

// processAttributes make a child end with the thread that started it, so that none outlives a killed test.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
