import com.xebialabs.deployit.booter.remote.Proxies;
import com.xebialabs.deployit.engine.api.DeploymentService;
import com.xebialabs.deployit.engine.api.TaskBlockService;
import com.xebialabs.deployit.engine.api.dto.Deployment;
import com.xebialabs.deployit.engine.api.dto.ValidatedConfigurationItem;
import com.xebialabs.deployit.engine.api.execution.TaskExecutionState;
import com.xebialabs.deployit.plugin.api.udm.ConfigurationItem;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A package on its way to a host, forth and back. */
final class DeploymentCases {
    private final Proxies server;
    private final DeploymentService deployments;
    private final TaskBlockService tasks;

    DeploymentCases(Proxies server) {
        this.server = server;
        this.deployments = server.getDeploymentService();
        this.tasks = server.getTaskBlockService();
    }

    Map<String, Check.Case> all() {
        Map<String, Check.Case> cases = new LinkedHashMap<>();
        cases.put("deploy_update_and_undeploy", this::deployment);
        cases.put("selected_deployables_are_mapped", this::selection);
        cases.put("a_deployed_with_an_error_comes_back_with_its_messages", this::invalidDeployed);
        cases.put("a_failed_update_is_rolled_back", this::rollback);
        return cases;
    }

    private void deployment() throws InterruptedException {
        Application shop = new Application(server, "Shop", "true");
        Check.expect(!deployments.isDeployed(shop.id, shop.environment), "deployed before");
        Deployment prepared = deployments.prepareInitial(shop.id + "/1", shop.environment);
        Check.expect(prepared.isOfType(Deployment.DeploymentType.INITIAL), "type " + prepared.getDeploymentType());
        Check.expect(prepared.getDeployeds().isEmpty(), "deployeds before mapping");
        Deployment mapped = deployments.validate(shop.initial());
        String deployed = mapped.getDeployeds().get(0).getId();
        Check.expect((shop.host + "/run").equals(deployed), "id of the deployed " + deployed);
        run(shop, deployments.createTask(mapped));
        Check.expect(deployments.isDeployed(shop.id, shop.environment), "not deployed after");

        Deployment update = deployments.prepareUpdate(shop.id + "/1", shop.deployedApplication());
        Check.expect(update.isOfType(Deployment.DeploymentType.UPDATE), "type " + update.getDeploymentType());
        Check.expect(update.getDeployeds().size() == 1, "an update keeps what is mapped");
        tasks.cancel(deployments.createTask(update));

        Deployment undeployment = deployments.prepareUndeploy(shop.deployedApplication());
        Check.expect(undeployment.isOfType(Deployment.DeploymentType.UNDEPLOYMENT),
                "type " + undeployment.getDeploymentType());
        run(shop, deployments.createTask(undeployment));
        Check.expect(!deployments.isDeployed(shop.id, shop.environment), "deployed after undeployment");
        shop.remove();
    }

    private void selection() {
        Application shop = new Application(server, "Pick", "true");
        Deployment empty = deployments.prepareInitial(shop.id + "/1", shop.environment);
        Deployment selected = deployments.generateSelectedDeployeds(Check.list(shop.id + "/1/run"), empty);
        Check.expect(selected.getDeployeds().size() == 1, "selected " + selected.getDeployeds());
        Deployment single = deployments.generateSingleDeployed(shop.id + "/1/run", shop.host, null, empty);
        Check.expect(single.getDeployeds().size() == 1, "single " + single.getDeployeds());
        Check.expect(shop.host.equals(single.getContainers().get(0).getId()), "containers");
        shop.remove();
    }

    private void invalidDeployed() {
        Application shop = new Application(server, "Wrong", "true");
        Deployment deployment = shop.initial();
        deployment.getDeployeds().get(0).setProperty("commandLine", null);
        ConfigurationItem checked = deployments.validate(deployment).getDeployeds().get(0);
        Check.expect(checked instanceof ValidatedConfigurationItem, "no messages came back");
        ValidatedConfigurationItem found = (ValidatedConfigurationItem) checked;
        Check.expect("commandLine".equals(found.getValidations().get(0).getPropertyName()), "about another property");
        Check.deployRefusal(() -> deployments.createTask(deployment));
        shop.remove();
    }

    private void rollback() throws InterruptedException {
        Application shop = new Application(server, "Back", "true");
        run(shop, shop.initialTask());
        shop.addVersion("2", "false");
        String failing = deployments.createTask(deployments.prepareAutoDeployeds(
                deployments.prepareUpdate(shop.id + "/2", shop.deployedApplication())));
        tasks.start(failing);
        Check.expect(shop.settled(failing).getState() == TaskExecutionState.FAILED, "did not fail");
        run(shop, deployments.rollback(failing));
        ConfigurationItem deployed = server.getRepositoryService().read(shop.deployedApplication());
        String version = deployed.getProperty("version"); // the client leaves references as ids
        Check.expect((shop.id + "/1").equals(version), "version " + version);
        shop.remove();
    }

    private void run(Application application, String task) throws InterruptedException {
        tasks.start(task);
        TaskExecutionState state = application.settled(task).getState();
        Check.expect(state == TaskExecutionState.EXECUTED, "ended " + state);
        tasks.archive(task);
    }
}
