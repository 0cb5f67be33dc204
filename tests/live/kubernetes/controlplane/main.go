// A Kubernetes control plane of one's own, for the live test: the parts as
// they are released, in one program of which each process runs one part.
//
//	controlplane etcd FLAGS        the store
//	controlplane apiserver FLAGS   kube-apiserver
//	controlplane scheduler FLAGS   kube-scheduler
//	controlplane controllers FILE  the controllers of workloads, kubeconfig FILE
//	controlplane kubectl ARGS      kubectl
//
// One program and not five, because they share most of what they are made of.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	part := ""
	if len(os.Args) > 1 {
		part = os.Args[1]
		// each part sees the command line as its own program would
		os.Args = os.Args[1:]
	}
	switch part {
	case "etcd":
		etcdmain.Main(os.Args)
	case "apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "controllers":
		if len(os.Args) == 2 {
			runControllers(os.Args[1])
		}
		os.Exit(1)
	case "kubectl":
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	default:
		fmt.Fprintln(os.Stderr, "usage: controlplane "+
			"etcd|apiserver|scheduler|controllers|kubectl ...")
		os.Exit(2)
	}
}
