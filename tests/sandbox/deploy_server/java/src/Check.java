import com.xebialabs.deployit.booter.remote.resteasy.DeployitClientException;
import com.xebialabs.deployit.engine.api.dto.ConfigurationItemId;
import com.xebialabs.deployit.plugin.api.reflect.Type;
import com.xebialabs.deployit.plugin.api.udm.ConfigurationItem;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** What the cases share: a case, its expectations, the items they make. */
final class Check {
    private Check() {
    }

    interface Case {
        void run() throws Exception;
    }

    static void expect(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /** Text of a refusal that the client recognises as Deploy's own, by the headers it came with. */
    static String deployRefusal(Runnable body) {
        try {
            body.run();
        } catch (DeployitClientException refusal) {
            return String.valueOf(refusal.getMessage());
        }
        throw new AssertionError("was not refused");
    }

    static String refusal(Runnable body) {
        try {
            body.run();
        } catch (RuntimeException refusal) {
            return String.valueOf(refusal.getMessage());
        }
        throw new AssertionError("was not refused");
    }

    static ConfigurationItem item(String type, String id) {
        return Type.valueOf(type).getDescriptor().newInstance(id);
    }

    static ConfigurationItem localHost(String id) {
        ConfigurationItem host = item("overthere.LocalHost", id);
        host.setProperty("os", "UNIX");
        return host;
    }

    /** The client writes no list that is not an ArrayList. */
    @SafeVarargs
    static <T> List<T> list(T... items) {
        return new ArrayList<>(Arrays.asList(items));
    }

    static List<String> ids(Collection<ConfigurationItemId> references) {
        List<String> ids = new ArrayList<>();
        for (ConfigurationItemId reference : references) {
            ids.add(reference.getId());
        }
        return ids;
    }
}
