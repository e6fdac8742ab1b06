import com.xebialabs.deployit.booter.remote.Proxies;
import com.xebialabs.deployit.engine.api.DeploymentService;
import com.xebialabs.deployit.engine.api.RepositoryService;
import com.xebialabs.deployit.engine.api.TaskBlockService;
import com.xebialabs.deployit.engine.api.dto.Deployment;
import com.xebialabs.deployit.engine.api.execution.BlockState;
import com.xebialabs.deployit.engine.api.execution.CompositeBlockState;
import com.xebialabs.deployit.engine.api.execution.StepBlockState;
import com.xebialabs.deployit.engine.api.execution.StepExecutionState;
import com.xebialabs.deployit.engine.api.execution.TaskExecutionState;
import com.xebialabs.deployit.engine.api.execution.TaskState;
import com.xebialabs.deployit.engine.api.execution.TaskWithBlock;
import com.xebialabs.deployit.engine.api.execution.TaskWithSteps;
import com.xebialabs.deployit.plugin.api.udm.ConfigurationItem;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/** A package on its way to a host, and the tasks that take it there. */
final class DeploymentCases {
    private static final long PATIENCE_MILLIS = 20_000;

    private final Proxies server;
    private final RepositoryService repository;
    private final DeploymentService deployments;
    private final TaskBlockService tasks;

    DeploymentCases(Proxies server) {
        this.server = server;
        this.repository = server.getRepositoryService();
        this.deployments = server.getDeploymentService();
        this.tasks = server.getTaskBlockService();
    }

    Map<String, Check.Case> all() {
        Map<String, Check.Case> cases = new LinkedHashMap<>();
        cases.put("deploy_update_and_undeploy", this::deployment);
        cases.put("a_step_is_skipped_and_unskipped", this::skipping);
        cases.put("task_by_steps_as_the_jenkins_plugin_reads_it", this::linearTask);
        cases.put("a_cancelled_task_leaves_nothing", this::cancelling);
        return cases;
    }

    private void deployment() throws InterruptedException {
        prepareApplication("Shop");
        String environment = "Environments/ShopEnv";
        Check.expect(!deployments.isDeployed("Applications/Shop", environment), "deployed before");
        Deployment initial = deployments.prepareInitial("Applications/Shop/1", environment);
        Check.expect(initial.isOfType(Deployment.DeploymentType.INITIAL), "type " + initial.getDeploymentType());
        Check.expect(initial.getDeployeds().isEmpty(), "deployeds before mapping");
        Deployment mapped = deployments.validate(deployments.prepareAutoDeployeds(initial));
        Check.expect("Infrastructure/ShopHost/run".equals(mapped.getDeployeds().get(0).getId()), "id of the deployed");
        String first = deployments.createTask(mapped);
        tasks.start(first);
        TaskWithBlock done = settled(first);
        Check.expect(done.getState() == TaskExecutionState.EXECUTED, "initial ended " + done.getState());
        Check.expect("INITIAL".equals(done.getMetadata().get("taskType")), "metadata " + done.getMetadata());
        Check.expect(done.getStartDate() != null && done.getCompletionDate() != null, "dates");
        StepBlockState register = stepBlocks(first).get(stepBlocks(first).size() - 1);
        Check.expect("Register deployeds".equals(register.getSteps().get(0).getDescription()), "last step");
        Check.expect(register.getSteps().get(0).getState() == StepExecutionState.DONE, "state of the last step");
        tasks.archive(first);
        Check.expect(deployments.isDeployed("Applications/Shop", environment), "not deployed after");

        Deployment update = deployments.prepareUpdate("Applications/Shop/1", environment + "/Shop");
        Check.expect(update.isOfType(Deployment.DeploymentType.UPDATE), "type " + update.getDeploymentType());
        Check.expect(update.getDeployeds().size() == 1, "an update keeps what is mapped");
        tasks.cancel(deployments.createTask(update));

        Deployment undeploy = deployments.prepareUndeploy(environment + "/Shop");
        Check.expect(undeploy.isOfType(Deployment.DeploymentType.UNDEPLOYMENT), "type " + undeploy.getDeploymentType());
        String last = deployments.createTask(undeploy);
        tasks.start(last);
        Check.expect(settled(last).getState() == TaskExecutionState.EXECUTED, "undeployment");
        tasks.archive(last);
        Check.expect(!deployments.isDeployed("Applications/Shop", environment), "deployed after undeployment");
        removeApplication("Shop");
    }

    private void skipping() throws InterruptedException {
        prepareApplication("Skip");
        String task = deployments.createTask(deployments.prepareAutoDeployeds(
                deployments.prepareInitial("Applications/Skip/1", "Environments/SkipEnv")));
        Check.expect(tasks.skip(task, Check.list("0_1_1_1")).getId().equals(task), "answer of skip");
        Check.expect(tasks.getStep(task, "0_1_1_1", null).getState() == StepExecutionState.SKIP, "not skipped");
        tasks.unskip(task, Check.list("0_1_1_1"));
        Check.expect(tasks.getStep(task, "0_1_1_1", null).getState() == StepExecutionState.PENDING, "not unskipped");
        String text = Check.deployRefusal(() -> tasks.skip(task, Check.list("0_2_1_1")));
        Check.expect(!text.isEmpty(), "registering may not be skipped");
        tasks.skip(task, Check.list("0_1_1_1"));
        tasks.start(task);
        Check.expect(settled(task).getState() == TaskExecutionState.EXECUTED, "ended otherwise");
        Check.expect(tasks.getStep(task, "0_1_1_1", null).getState() == StepExecutionState.SKIPPED, "was not skipped");
        tasks.archive(task);
        removeApplication("Skip");
    }

    private void linearTask() throws InterruptedException {
        prepareApplication("Line");
        String id = deployments.createTask(deployments.prepareAutoDeployeds(
                deployments.prepareInitial("Applications/Line/1", "Environments/LineEnv")));
        TaskState task = server.getTaskService().getTask(id);
        Check.expect(task.getState() == TaskExecutionState.PENDING && task.getNrSteps() == 2, "steps " + task.getNrSteps());
        TaskWithSteps steps = server.getTaskService().getSteps(id);
        Check.expect(steps.getSteps().size() == 2, "steps listed " + steps.getSteps().size());
        server.getTaskService().start(id);
        settled(id);
        Check.expect(server.getTaskService().getTask(id).getState().isPassiveAfterExecuting(), "still polling");
        server.getTaskService().archive(id);
        removeApplication("Line");
    }

    private void cancelling() {
        prepareApplication("Stop");
        String id = deployments.createTask(deployments.prepareAutoDeployeds(
                deployments.prepareInitial("Applications/Stop/1", "Environments/StopEnv")));
        List<String> mine = new ArrayList<>();
        for (TaskWithBlock task : tasks.getMyCurrentTasks()) {
            mine.add(task.getId());
        }
        Check.expect(mine.contains(id), "not among my tasks");
        tasks.cancel(id);
        Check.expect(!deployments.isDeployed("Applications/Stop", "Environments/StopEnv"), "deployed");
        removeApplication("Stop");
    }

    private void prepareApplication(String name) {
        String host = "Infrastructure/" + name + "Host";
        ConfigurationItem environment = Check.item("udm.Environment", "Environments/" + name + "Env");
        ConfigurationItem container = Check.localHost(host);
        environment.setProperty("members", new LinkedHashSet<>(Collections.singletonList(container)));
        ConfigurationItem command = Check.item("cmd.Command", "Applications/" + name + "/1/run");
        command.setProperty("commandLine", "true");
        repository.create(Check.list(container, environment, Check.item("udm.Application", "Applications/" + name),
                Check.item("udm.DeploymentPackage", "Applications/" + name + "/1"), command));
    }

    private void removeApplication(String name) {
        for (String id : Arrays.asList("Environments/" + name + "Env", "Infrastructure/" + name + "Host",
                "Applications/" + name)) {
            repository.delete(id);
        }
    }

    private TaskWithBlock settled(String id) throws InterruptedException {
        long deadline = System.currentTimeMillis() + PATIENCE_MILLIS;
        TaskWithBlock task = tasks.getTask(id);
        while (!task.getState().isPassiveAfterExecuting()) {
            Check.expect(System.currentTimeMillis() < deadline, "task is still " + task.getState());
            Thread.sleep(50);
            task = tasks.getTask(id);
        }
        return task;
    }

    private List<StepBlockState> stepBlocks(String task) {
        List<StepBlockState> found = new ArrayList<>();
        collect(task, tasks.getTask(task).getBlock(), found);
        return found;
    }

    private void collect(String task, BlockState block, List<StepBlockState> found) {
        if (block instanceof CompositeBlockState) {
            for (BlockState inner : ((CompositeBlockState) block).getBlocks()) {
                collect(task, inner, found);
            }
        } else {
            found.add(tasks.getSteps(task, block.getId()));
        }
    }
}
