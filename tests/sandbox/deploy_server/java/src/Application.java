import com.xebialabs.deployit.booter.remote.Proxies;
import com.xebialabs.deployit.engine.api.dto.Deployment;
import com.xebialabs.deployit.engine.api.execution.TaskWithBlock;
import com.xebialabs.deployit.plugin.api.udm.ConfigurationItem;

import java.util.Collections;
import java.util.LinkedHashSet;

/** An application of one command, with an environment of one host to deploy it to. */
final class Application {
    private static final long PATIENCE_MILLIS = 20_000;

    final String id;
    final String environment;
    final String host;
    private final Proxies server;

    /** Creates all of it on the server, with a version {@code 1} that runs the command. */
    Application(Proxies server, String name, String commandLine) {
        this.server = server;
        this.id = "Applications/" + name;
        this.environment = "Environments/" + name + "Env";
        this.host = "Infrastructure/" + name + "Host";
        ConfigurationItem container = Check.localHost(host);
        ConfigurationItem target = Check.item("udm.Environment", environment);
        target.setProperty("members", new LinkedHashSet<>(Collections.singletonList(container)));
        server.getRepositoryService().create(Check.list(container, target, Check.item("udm.Application", id)));
        addVersion("1", commandLine);
    }

    void addVersion(String version, String commandLine) {
        ConfigurationItem command = Check.item("cmd.Command", id + "/" + version + "/run");
        command.setProperty("commandLine", commandLine);
        server.getRepositoryService().create(
                Check.list(Check.item("udm.DeploymentPackage", id + "/" + version), command));
    }

    String deployedApplication() {
        return environment + "/" + id.substring(id.lastIndexOf('/') + 1);
    }

    /** A first deployment of version 1, mapped. */
    Deployment initial() {
        return server.getDeploymentService().prepareAutoDeployeds(
                server.getDeploymentService().prepareInitial(id + "/1", environment));
    }

    String initialTask() {
        return server.getDeploymentService().createTask(initial());
    }

    /** The task once its steps do not run any more. */
    TaskWithBlock settled(String task) throws InterruptedException {
        long deadline = System.currentTimeMillis() + PATIENCE_MILLIS;
        TaskWithBlock found = server.getTaskBlockService().getTask(task);
        while (!found.getState().isPassiveAfterExecuting()) {
            Check.expect(System.currentTimeMillis() < deadline, "task is still " + found.getState());
            Thread.sleep(20);
            found = server.getTaskBlockService().getTask(task);
        }
        return found;
    }

    /** Deletes the environment with what is deployed there, the host with its deployeds, then the application. */
    void remove() {
        server.getRepositoryService().delete(environment);
        server.getRepositoryService().delete(host);
        server.getRepositoryService().delete(id);
    }
}
