import com.xebialabs.deployit.booter.remote.BooterConfig;
import com.xebialabs.deployit.booter.remote.DeployitCommunicator;
import com.xebialabs.deployit.booter.remote.Proxies;
import com.xebialabs.deployit.booter.remote.RemoteBooter;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Drives a Deploy server with the vendor's own Java client and says per case how it went.
 *
 * <p>Arguments: host, port, user, password. Prints one line per case: name, tab, {@code ok} or what went wrong.
 */
public final class DriveDeploy {
    private DriveDeploy() {
    }

    public static void main(String[] arguments) {
        String host = arguments[0];
        int port = Integer.parseInt(arguments[1]);
        Map<String, Check.Case> cases = new LinkedHashMap<>();
        cases.put("wrong_password_is_told_apart", () -> {
            String text = Check.refusal(() -> connect(host, port, arguments[2], "wrong"));
            Check.expect(text.contains("correct credentials"), text);
        });
        DeployitCommunicator communicator = connect(host, port, arguments[2], arguments[3]);
        Proxies server = communicator.getProxies();
        cases.putAll(new ServerCases(server).all());
        cases.putAll(new RepositoryCases(server).all());
        cases.putAll(new PackageCases(communicator).all());
        cases.putAll(new DeploymentCases(server).all());
        cases.putAll(new TaskCases(server).all());
        cases.forEach((name, body) -> System.out.println(name + "\t" + outcome(body)));
        System.exit(0); // the client leaves threads behind
    }

    private static DeployitCommunicator connect(String host, int port, String user, String password) {
        return RemoteBooter.boot(BooterConfig.builder().withProtocol(BooterConfig.Protocol.HTTP)
                .withHost(host).withPort(port).withCredentials(user, password).build());
    }

    private static String outcome(Check.Case body) {
        try {
            body.run();
            return "ok";
        } catch (Throwable failure) { // an AssertionError, or whatever the client throws
            StringBuilder text = new StringBuilder();
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                text.append(cause).append(" at ").append(cause.getStackTrace()[0]).append(' ');
            }
            return text.toString().replaceAll("\\s+", " ");
        }
    }
}
