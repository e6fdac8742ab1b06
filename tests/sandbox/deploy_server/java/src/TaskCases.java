import com.xebialabs.deployit.booter.remote.Proxies;
import com.xebialabs.deployit.engine.api.TaskBlockService;
import com.xebialabs.deployit.engine.api.TaskService;
import com.xebialabs.deployit.engine.api.dto.Control;
import com.xebialabs.deployit.engine.api.execution.BlockState;
import com.xebialabs.deployit.engine.api.execution.CompositeBlockState;
import com.xebialabs.deployit.engine.api.execution.StepBlockState;
import com.xebialabs.deployit.engine.api.execution.StepExecutionState;
import com.xebialabs.deployit.engine.api.execution.StepState;
import com.xebialabs.deployit.engine.api.execution.TaskExecutionState;
import com.xebialabs.deployit.engine.api.execution.TaskState;
import com.xebialabs.deployit.engine.api.execution.TaskWithBlock;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tasks: by blocks, and by steps as the Jenkins plugin still reads them. */
final class TaskCases {
    private final Proxies server;
    private final TaskBlockService tasks;
    private final TaskService linear;

    TaskCases(Proxies server) {
        this.server = server;
        this.tasks = server.getTaskBlockService();
        this.linear = server.getTaskService();
    }

    Map<String, Check.Case> all() {
        Map<String, Check.Case> cases = new LinkedHashMap<>();
        cases.put("blocks_lead_to_steps_and_their_metadata", this::blocks);
        cases.put("a_step_is_skipped_and_unskipped", this::skipping);
        cases.put("task_by_steps_as_the_jenkins_plugin_reads_it", this::linearTask);
        cases.put("skip_mode_of_the_jenkins_plugin", this::skipMode);
        cases.put("a_failed_step_has_its_log", this::failure);
        cases.put("a_cancelled_task_leaves_nothing", this::cancelling);
        cases.put("a_control_task_checks_a_connection", this::controlTask);
        return cases;
    }

    private void blocks() throws InterruptedException {
        Application application = new Application(server, "Blocks", "true");
        String id = application.initialTask();
        List<StepBlockState> before = stepBlocks(id);
        StepState step = before.get(0).getSteps().get(0);
        Check.expect((application.host + "/run").equals(step.getMetadata().get("deployed_0")),
                "metadata " + step.getMetadata());
        Check.expect(step.getStartDate() == null, "has started");
        tasks.start(id);
        TaskWithBlock done = application.settled(id);
        Check.expect(done.getState() == TaskExecutionState.EXECUTED, "ended " + done.getState());
        Check.expect("INITIAL".equals(done.getMetadata().get("taskType")), "metadata " + done.getMetadata());
        Check.expect(done.getStartDate() != null && done.getCompletionDate() != null, "dates");
        List<StepBlockState> after = stepBlocks(id);
        StepState register = after.get(after.size() - 1).getSteps().get(0);
        Check.expect("Register deployeds".equals(register.getDescription()), register.getDescription());
        Check.expect(register.getState() == StepExecutionState.DONE, "last step is " + register.getState());
        tasks.archive(id);
        Check.expect(tasks.getTask(id).getState() == TaskExecutionState.DONE, "not archived");
        application.remove();
    }

    private void skipping() throws InterruptedException {
        Application application = new Application(server, "Skip", "false");
        String id = application.initialTask();
        Check.expect(tasks.skip(id, Check.list("0_1_1_1")).getId().equals(id), "answer of skip");
        Check.expect(stateOf(id) == StepExecutionState.SKIP, "not skipped");
        tasks.unskip(id, Check.list("0_1_1_1"));
        Check.expect(stateOf(id) == StepExecutionState.PENDING, "not unskipped");
        String text = Check.deployRefusal(() -> tasks.skip(id, Check.list("0_2_1_1")));
        Check.expect(!text.isEmpty(), "registering may not be skipped");
        tasks.skip(id, Check.list("0_1_1_1"));
        tasks.start(id);
        Check.expect(application.settled(id).getState() == TaskExecutionState.EXECUTED, "ended otherwise");
        Check.expect(stateOf(id) == StepExecutionState.SKIPPED, "was not skipped");
        tasks.archive(id);
        application.remove();
    }

    private void linearTask() throws InterruptedException {
        Application application = new Application(server, "Line", "true");
        String id = application.initialTask();
        TaskState task = linear.getTask(id);
        Check.expect(task.getState() == TaskExecutionState.PENDING, "state " + task.getState());
        Check.expect(task.getNrSteps() == 2 && task.getCurrentStepNr() == 0, "steps " + task.getNrSteps());
        Check.expect(linear.getSteps(id).getSteps().size() == 2, "steps listed");
        linear.start(id);
        application.settled(id);
        Check.expect(linear.getTask(id).getState().isPassiveAfterExecuting(), "still polling");
        Check.expect(linear.getStep(id, 1, null).getState() == StepExecutionState.DONE, "first step");
        linear.archive(id);
        application.remove();
    }

    private void skipMode() throws InterruptedException {
        Application application = new Application(server, "SkipAll", "false");
        String id = application.initialTask();
        List<Integer> all = new ArrayList<>();
        for (int number = 1; number <= linear.getTask(id).getNrSteps(); number++) {
            all.add(number);
        }
        linear.skip(id, all);
        linear.start(id);
        TaskExecutionState state = application.settled(id).getState();
        Check.expect(state == TaskExecutionState.EXECUTED, "ended " + state);
        linear.archive(id);
        application.remove();
    }

    private void failure() throws InterruptedException {
        Application application = new Application(server, "Fail", "echo what went wrong; exit 7");
        String id = application.initialTask();
        linear.start(id);
        application.settled(id);
        Check.expect(linear.getTask(id).getState().isExecutionHalted(), "has not halted");
        StepState step = linear.getSteps(id).getSteps().get(0);
        Check.expect(step.getState() == StepExecutionState.FAILED, "step is " + step.getState());
        Check.expect(step.getLog().contains("what went wrong"), "log " + step.getLog());
        Check.expect(step.getFailureCount() == 1, "failures " + step.getFailureCount());
        linear.cancel(id);
        application.remove();
    }

    private void cancelling() {
        Application application = new Application(server, "Stop", "true");
        String id = application.initialTask();
        List<String> mine = new ArrayList<>();
        for (TaskWithBlock task : tasks.getMyCurrentTasks()) {
            mine.add(task.getId());
        }
        Check.expect(mine.contains(id), "not among my tasks");
        tasks.cancel(id);
        boolean deployed = server.getDeploymentService().isDeployed(application.id, application.environment);
        Check.expect(!deployed, "deployed");
        application.remove();
    }

    private void controlTask() throws InterruptedException {
        Application application = new Application(server, "Check", "true");
        Control control = server.getControlService().prepare("checkConnection", application.host);
        Check.expect(application.host.equals(control.getConfigurationItem().getId()), "item of the control task");
        String id = server.getControlService().createTask(control);
        tasks.start(id);
        TaskWithBlock done = application.settled(id);
        Check.expect(done.getState() == TaskExecutionState.EXECUTED, "ended " + done.getState());
        Check.expect("CONTROL".equals(done.getMetadata().get("taskType")), "metadata " + done.getMetadata());
        tasks.archive(id);
        Check.deployRefusal(() -> server.getControlService().prepare("noSuchTask", application.host));
        application.remove();
    }

    private StepExecutionState stateOf(String task) {
        return tasks.getStep(task, "0_1_1_1", null).getState();
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
