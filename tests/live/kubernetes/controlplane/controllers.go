package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller/cronjob"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	autoscalermetrics "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/kubernetes/pkg/controller/statefulset"
	podmetrics "k8s.io/metrics/pkg/client/clientset/versioned/typed/metrics/v1beta1"
	"k8s.io/metrics/pkg/client/custom_metrics"
	"k8s.io/metrics/pkg/client/external_metrics"
)

const (
	workers = 2
	// A test does not wait the 15 s of a production cluster.
	autoscalerPeriod = time.Second
	discoveryPeriod  = 5 * time.Second
)

// What every controller needs.
type world struct {
	ctx     context.Context
	config  *rest.Config
	client  kubernetes.Interface
	mapper  meta.ResettableRESTMapper
	objects informers.SharedInformerFactory
	meta    metadatainformer.SharedInformerFactory
	holder  metadata.Interface
	started chan struct{}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "controllers:", err)
		os.Exit(1)
	}
}

// Runs the controllers that own pods, the autoscaler and the garbage collector
// until the process is ended. kube-controller-manager runs the same and forty
// more, which take twice the time to build and nothing here needs.
func runControllers(kubeconfig string) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(err)
	// one test is alone with its server
	config.QPS, config.Burst = 1000, 1000
	config.UserAgent = "controllers"
	w := &world{ctx: context.Background(), config: config,
		started: make(chan struct{})}
	w.client, err = kubernetes.NewForConfig(config)
	must(err)
	w.holder, err = metadata.NewForConfig(config)
	must(err)
	w.mapper = restmapper.NewDeferredDiscoveryRESTMapper(
		memory.NewMemCacheClient(w.client.Discovery()))
	w.objects = informers.NewSharedInformerFactory(w.client, 0)
	w.meta = metadatainformer.NewSharedInformerFactory(w.holder, 0)
	w.apps()
	w.batch()
	w.autoscaler()
	w.collector()
	w.objects.Start(w.ctx.Done())
	w.meta.Start(w.ctx.Done())
	close(w.started)
	fmt.Println("controllers: running")
	for {
		time.Sleep(discoveryPeriod)
		// kinds that were added meanwhile, as metrics.k8s.io is
		w.mapper.Reset()
	}
}

func (w *world) apps() {
	apps, core := w.objects.Apps().V1(), w.objects.Core().V1()
	deployments, err := deployment.NewDeploymentController(w.ctx,
		apps.Deployments(), apps.ReplicaSets(), core.Pods(), w.client)
	must(err)
	go deployments.Run(w.ctx, workers)
	go replicaset.NewReplicaSetController(w.ctx, apps.ReplicaSets(),
		core.Pods(), w.client, replicaset.BurstReplicas).Run(w.ctx, workers)
	go statefulset.NewStatefulSetController(w.ctx, core.Pods(),
		apps.StatefulSets(), core.PersistentVolumeClaims(),
		apps.ControllerRevisions(), w.client).Run(w.ctx, workers)
	daemons, err := daemon.NewDaemonSetsController(w.ctx, apps.DaemonSets(),
		apps.ControllerRevisions(), core.Pods(), core.Nodes(), w.client,
		flowcontrol.NewBackOff(time.Second, time.Minute))
	must(err)
	go daemons.Run(w.ctx, workers)
}

func (w *world) batch() {
	batch := w.objects.Batch().V1()
	jobs, err := job.NewController(w.ctx, w.objects.Core().V1().Pods(),
		batch.Jobs(), w.client)
	must(err)
	go jobs.Run(w.ctx, workers)
	crons, err := cronjob.NewControllerV2(w.ctx, batch.Jobs(),
		batch.CronJobs(), w.client)
	must(err)
	go crons.Run(w.ctx, workers)
}

func (w *world) autoscaler() {
	discovery := w.client.Discovery()
	versions := custom_metrics.NewAvailableAPIsGetter(discovery)
	scales, err := scale.NewForConfig(w.config, w.mapper,
		dynamic.LegacyAPIPathResolverFunc,
		scale.NewDiscoveryScaleKindResolver(discovery))
	must(err)
	usage, err := podmetrics.NewForConfig(w.config)
	must(err)
	external, err := external_metrics.NewForConfig(w.config)
	must(err)
	go podautoscaler.NewHorizontalController(w.ctx, w.client.CoreV1(),
		scales, w.client.AutoscalingV2(), w.mapper,
		autoscalermetrics.NewRESTMetricsClient(usage,
			custom_metrics.NewForConfig(w.config, w.mapper, versions),
			external),
		w.objects.Autoscaling().V2().HorizontalPodAutoscalers(),
		w.objects.Core().V1().Pods(), autoscalerPeriod,
		5*time.Second, // until it scales down
		0.1,           // within this share of the target it does nothing
		0, 0,          // a new pod's use counts at once
	).Run(w.ctx, workers)
}

// Deletes what belonged to something deleted.
func (w *world) collector() {
	config := rest.CopyConfig(w.config)
	builder := garbagecollector.NewDependencyGraphBuilder(w.ctx, w.holder,
		w.mapper, garbagecollector.DefaultIgnoredResources(),
		informerfactory.NewInformerFactory(w.objects, w.meta), w.started)
	client, err := kubernetes.NewForConfig(config)
	must(err)
	gc, err := garbagecollector.NewComposedGarbageCollector(w.ctx, client,
		w.holder, w.mapper, builder)
	must(err)
	go gc.Run(w.ctx, workers, discoveryPeriod)
	go gc.Sync(w.ctx, w.client.Discovery(), discoveryPeriod)
}
